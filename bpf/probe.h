/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * On-demand scheduling: user space runs this program, and it schedules on any
 * task, asleep or not. The task may run at once, so the slot is claimed and
 * filled before the schedule. Probes have slots of their own: a trigger claims by
 * scheduling, and the two ways must not meet on one slot.
 */
#ifndef TW_PROBE_H
#define TW_PROBE_H

#include "identity.h"
#include "resolve.h"
#include "schedule.h"

/* each map kind defines this */
tw_inline int tw_claim_probe(struct tw_claim *claim, u32 tid, u32 mode, u32 turn);

tw_inline int tw_probe_task(struct tw_probe *probe, struct task_struct *task,
			    struct tw_target *target, u32 mode, struct tw_counters *count,
			    tw_work_fn work)
{
	struct tw_claim claim = {};
	struct tw_capture *capture;
	struct tw_event *event;
	u64 now = clock_ns();
	int error = -TW_EBUSY;
	u32 turn, index = probe->capture;

	capture = map_lookup(TW_CAPTURE_PROGRAMS, &index);
	if (!capture) {
		tw_add(count->rejected, 1);
		return -TW_EINVAL;
	}
#pragma unroll
	for (turn = 0; turn < TW_TRIES; turn++) {
		if (turn)
			tw_add(count->retried, 1);
		error = tw_claim_probe(&claim, probe->tid, mode, turn);
		if (!error && claim.slot && claim.state && *claim.state)
			error = -TW_EBUSY;
		if (error != -TW_EBUSY)
			break;
	}
	if (error || !claim.slot || !claim.state) {
		if (error == -TW_EBUSY)
			tw_add(count->busy, 1);
		else
			tw_add(count->no_slot, 1);
		return error ? error : -TW_EINVAL;
	}
	claim.slot->mm = (u64)tw_task_mm(task);
	claim.slot->resolved = TW_UNRESOLVED;
	tw_resolve_symbols(capture, target, &claim.slot->base, &claim.slot->length);
	claim.slot->task = (u64)task;
	claim.slot->started_ns = tw_task_started_ns(task);
	event = &claim.slot->event;
	event->trigger_ns = now;
	event->ran_ns = 0;
	tw_read_nothing(event);
	event->nofault = TW_NOT_TRIED;
	event->result = TW_NOT_TRIED;
	event->tgid = *(u32 *)((char *)task + TW_TASK_TGID);
	event->tid = probe->tid;
	event->trigger_cpu = current_cpu();
	event->map_kind = TW_KIND;
	event->mode = mode;
	event->capture = index;
	event->flags = 0;
	tw_fill_flight(&claim, event);
	if (__sync_val_compare_and_swap(claim.state, 0ULL, now)) {
		tw_add(count->busy, 1);
		return -TW_EBUSY;
	}
	if (mode == TW_SIGNAL)
		error = schedule_signal(task, &claim.slot->work, TW_SLOTS, work, 0);
	else
		error = schedule_resume(task, &claim.slot->work, TW_SLOTS, work, 0);
	if (!error) {
		tw_add(count->scheduled, 1);
		return 0;
	}
	__sync_val_compare_and_swap(claim.state, now, 0ULL);
	if (error == -TW_EBUSY)
		tw_add(count->busy, 1);
	else
		tw_add(count->rejected, 1);
	return error;
}

tw_inline int tw_run_probe(struct tw_probe *probe, tw_work_fn work)
{
	struct task_struct *task;
	struct tw_counters *count;
	struct tw_target *target;
	struct tw_config *config;
	u32 zero = 0, mode;
	int error;

	config = map_lookup(TW_CONFIG, &zero);
	if (!config || !(config->kinds & (1 << TW_KIND)))
		return 0;
	mode = config->mode & 1;
	count = tw_counters_of(mode);
	if (!count)
		return 0;
	tw_add(count->fired, 1);
	tw_add(count->nofault_none, 1);
	error = -TW_ESRCH;
	task = task_from_pid(probe->tid);
	if (task) {
		/* since user space listed the threads of its targets, the number may be another's */
		target = tw_target_of(task, *(u32 *)((char *)task + TW_TASK_TGID));
		if (target && tw_is_watched_thread(target, task, probe->tid))
			error = tw_probe_task(probe, task, target, mode, count, work);
		else
			tw_add(count->rejected, 1);
		task_release(task);
	} else
		tw_add(count->rejected, 1);
	if (error)
		tw_count_error(count, error);
	probe->result = error;
	return 0;
}

#endif
