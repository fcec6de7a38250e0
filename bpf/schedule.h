/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Claims a slot by scheduling on it, and says in it whose memory the callback may read.
 * A map kind says how a slot is claimed and where the state of a flight is.
 */
#ifndef TW_SCHEDULE_H
#define TW_SCHEDULE_H

#include "account.h"

/* what a claim found; one for a trigger is only taken when the schedule succeeds */
struct tw_claim {
	struct tw_slot *slot;
	u64 *state;		/* of the flight */
	struct tw_flight *flight;	/* lru_hash only */
	int fresh;		/* the slot was made for this claim */
};

/* each map kind defines these; -EBUSY from a claim means: try the next turn */
tw_inline int tw_claim(struct tw_claim *claim, u32 tid, u32 turn);
tw_inline u64 *tw_flight_state(struct tw_slot *slot, TW_KEY *key);

/* a schedule succeeded over an unfinished flight: that one will never run */
tw_inline void tw_retire_predecessor(struct tw_claim *claim)
{
	u64 before = *claim->state;
	struct tw_counters *count;
	u32 mode;

	if (!before || __sync_val_compare_and_swap(claim->state, before, 0ULL) != before)
		return;
	mode = claim->flight ? claim->flight->mode : claim->slot->event.mode;
	count = tw_counters_of(mode);
	if (!count)
		return;
	/* an LRU slot that had to be made anew had been evicted; otherwise the kernel dropped the work */
	if (claim->flight && claim->fresh)
		tw_add(count->cancelled, 1);
	else
		tw_add(count->lost, 1);
}

/* what was found at the trigger, beside the event */
struct tw_origin {
	void *task;
	u64 mm;
	u64 base;
	u64 length;
	int missing;
};

/* what the sweeper asks of a flight whose slot may be gone; the slot is filled before */
tw_inline void tw_fill_flight(struct tw_claim *claim, struct tw_event *event)
{
	struct tw_flight *flight = claim->flight;

	if (!flight)
		return;
	flight->trigger_ns = event->trigger_ns;
	flight->mode = event->mode;
	flight->task = claim->slot->task;
	flight->started_ns = claim->slot->started_ns;
	flight->tgid = event->tgid;
}

tw_inline void tw_fill_slot(struct tw_claim *claim, struct tw_event *read, struct tw_origin *from)
{
	struct tw_slot *slot = claim->slot;
	u64 size = read->nofault > 0 ? read->nofault : read->length;

	slot->mm = from->mm;
	slot->base = from->base;
	slot->length = from->length;
	slot->resolved = from->missing ? TW_MISSING : TW_RESOLVED;
	slot->task = (u64)from->task;
	slot->started_ns = tw_task_started_ns(from->task);
	tw_hide(size);
	if (size > TW_DATA_BYTES)
		size = TW_DATA_BYTES;
	read_kernel(&slot->event, TW_EVENT_HEADER_BYTES + size, read);
#if TW_KEPT_REGISTERS
	read_kernel(slot->registers, sizeof(slot->registers), task_registers(from->task));
#endif
	tw_fill_flight(claim, read);
	*claim->state = read->trigger_ns;
}

/* claims a slot by scheduling on it; count gets whatever comes of it */
tw_inline void tw_schedule(void *context, struct tw_counters *count, struct tw_capture *capture,
			   struct tw_event *read, struct tw_origin *from, tw_work_fn work)
{
	u32 tid = read->tid, turn;
	struct tw_claim claim = {};
	int error = -TW_EBUSY;

#pragma unroll
	for (turn = 0; turn < TW_TRIES; turn++) {
		if (turn)
			tw_add(count->retried, 1);
		error = tw_claim(&claim, tid, turn);
		if (error == -TW_EBUSY)
			continue;
		if (error || !claim.slot || !claim.state) {
			tw_add(count->no_slot, 1);
			tw_count_error(count, error);
			return;
		}
		/* the schedule is the claim: it is atomic, and the callback cannot start before we return */
		if (read->mode == TW_SIGNAL)
			error = schedule_signal(from->task, &claim.slot->work, TW_SLOTS, work, 0);
		else
			error = schedule_resume(from->task, &claim.slot->work, TW_SLOTS, work, 0);
		if (error != -TW_EBUSY)
			break;
	}
	if (error) {
		if (error == -TW_EBUSY)
			tw_add(count->busy, 1);
		else
			tw_add(count->rejected, 1);
		tw_count_error(count, error);
		return;
	}
	tw_retire_predecessor(&claim);
	tw_add(count->scheduled, 1);
#ifdef TW_STACKS
	claim.slot->kernel_bytes = 0;
	if (capture->read == TW_READ_STACK) {
		long bytes = get_stack(context, claim.slot->kernel_frames, TW_KERNEL_FRAMES * 8, 0);

		claim.slot->kernel_bytes = bytes > 0 ? bytes : 0;
	}
#endif
	tw_fill_slot(&claim, read, from);
}

#endif
