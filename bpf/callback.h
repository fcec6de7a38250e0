/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What every callback runs, whatever the map kind: in the context of the task it makes
 * sure of whose memory that is, reads with faults, counts, and emits.
 */
#ifndef TW_CALLBACK_H
#define TW_CALLBACK_H

#include "identity.h"
#ifdef TW_PYTHON
#include "python.h"
#endif
#include "resolve.h"
#include "schedule.h"

/* an evicted LRU slot is given away at once: what is read of it may be another flight's */
tw_inline int tw_is_still_ours(struct tw_slot *slot, struct tw_event *event)
{
	return slot->event.trigger_ns == event->trigger_ns && slot->task == (u64)current_task();
}

/* the copy read at the trigger stands in for memory that cannot be read any more */
tw_inline u64 tw_keep_copy(struct tw_slot *slot, struct tw_event *event, u64 size)
{
	if (!size)
		return 0;
	tw_hide(size);
	if (size > TW_DATA_BYTES)
		size = TW_DATA_BYTES;
	read_kernel(event->data, size, slot->event.data);
	if (!tw_is_still_ours(slot, event))
		return 0;
	event->flags |= TW_KEPT | (slot->event.flags & TW_TRUNCATED);
	return size;
}

#ifdef TW_STACKS
/* behind the user's frames; bytes of both */
tw_inline u64 tw_append_kernel_frames(struct tw_slot *slot, struct tw_event *event, u64 size)
{
	u64 bytes = slot->kernel_bytes;

	tw_hide(size);
	if (size > TW_USER_FRAMES * 8)
		return 0;
	tw_hide(bytes);
	if (bytes > TW_KERNEL_FRAMES * 8)
		return size;
	read_kernel(event->data + size, bytes, slot->kernel_frames);
	return tw_is_still_ours(slot, event) ? size + bytes : size;
}
#endif

/* in the context of the task, where pages may be faulted in */
tw_inline int tw_run_callback(struct tw_slot *slot, TW_KEY *key)
{
	u64 ran_ns = clock_ns(), trigger_ns = slot->event.trigger_ns, ids = current_ids();
	u64 mm = slot->mm, base = slot->base, length = slot->length, resolved = slot->resolved;
	u32 index = slot->event.capture, mode = slot->event.mode & 1, tgid = ids >> 32, tid = ids;
	u64 *state = tw_flight_state(slot, key), size = 0, kept;
	void *task = current_task();
	struct tw_target *target = tw_target_of(task, tgid);
	struct tw_capture *capture;
	struct tw_counters *count;
	struct tw_buffer *buffer;
	struct tw_event *event;
	long result, missing = 0;

	/* a recycled LRU slot, or a flight that the sweeper has cancelled: already counted */
	if (slot->task != (u64)task || !state || !trigger_ns ||
	    __sync_val_compare_and_swap(state, trigger_ns, trigger_ns | TW_RUNNING) != trigger_ns)
		return 0;
	count = tw_counters_of(mode);
	capture = map_lookup(TW_CAPTURE_PROGRAMS, &index);
	if (!count || !capture)
		return 0;
	tw_count_delay(mode, ran_ns - trigger_ns);
	/* private to the task: a slot can be recycled, and per-CPU memory overwritten, while a fault sleeps */
	buffer = task_storage_get(TW_BUFFERS, task, 0, TW_STORAGE_CREATE);
	if (!buffer) {
		tw_add(count->read_fault, 1);
		tw_count_error(count, -TW_ENOMEM);
		tw_add(count->completed, 1);
		tw_add(count->dropped, 1);
		*state = 0;
		return 0;
	}
	buffer->in_callback = 1;
	event = &buffer->event;
	read_kernel(event, TW_EVENT_HEADER_BYTES, &slot->event);
	event->trigger_ns = trigger_ns;
	event->tgid = tgid;
	event->tid = tid;
	event->mode = mode;
	event->capture = index;
	event->ran_ns = ran_ns;
	event->ran_cpu = current_cpu();
	event->flags = TW_DEFERRED;
	if (!tw_is_still_ours(slot, event)) {
		event->nofault = TW_NOT_TRIED;
		event->length = 0;
		mm = 0;
	}
	kept = event->nofault > 0 ? event->nofault : event->length;
	if (resolved == TW_UNRESOLVED)
		missing = tw_resolve_registers(capture, task, &base, &length);
	else if (resolved == TW_MISSING)
		missing = -TW_ENOENT;
	/*
	 * An exiting thread has no mm and may sit on another process's page tables, and after
	 * execve the address means something else: both reads would succeed with foreign bytes.
	 */
	if (!mm || mm != (u64)tw_task_mm(task)) {
		event->wanted = 0;
		event->address = 0;
		event->flags |= TW_GONE;
		result = capture->read == TW_READ_NONE ? TW_NOT_TRIED : -TW_EFAULT;
	} else if (missing) {
		result = missing;
#ifdef TW_STACKS
	} else if (capture->read == TW_READ_STACK) {
		result = tw_walk_stack(event, task);
#endif
#ifdef TW_PYTHON
	} else if (capture->read == TW_READ_PYTHON) {
		result = tw_run_python(event, target, base, task);
#endif
	} else
		result = tw_run_capture(capture, event, base, length, 1);
	event->result = result;
	/* a read that was cut at the trigger, and got no further here */
	if (event->nofault < 0 && result > 0 && (u64)result <= kept)
		event->nofault = kept;

	if (result >= 0) {
		tw_add(count->read_ok, 1);
		size = result;
		if (event->flags & TW_TRUNCATED)
			tw_add(count->truncated, 1);
		if (event->nofault < 0 && event->nofault != TW_NOT_TRIED)
			tw_add(count->rescued, 1);
	} else if (result == TW_NOT_TRIED) {
		tw_add(count->read_none, 1);
	} else {
		tw_add(count->read_fault, 1);
		tw_count_error(count, result);
		event->flags &= ~TW_TRUNCATED;
		size = tw_keep_copy(slot, event, kept);
	}
#ifdef TW_STACKS
	if (capture->read == TW_READ_STACK)
		size = tw_append_kernel_frames(slot, event, size);
#endif
	current_name(event->comm, sizeof(event->comm));
#if TW_KEPT_REGISTERS
	/* a probe has no trigger, and nothing of the task has run since it entered the kernel */
	if (resolved == TW_UNRESOLVED)
		tw_append_registers(event, size, task_registers(task));
	else
		tw_append_registers(event, size, slot->registers);
	if (!tw_is_still_ours(slot, event))
		event->flags &= ~TW_WITH_REGISTERS;
#endif
	tw_add(count->completed, 1);
	tw_emit(count, event, size);
	buffer->in_callback = 0;
	/* last: while the word says running, the sweeper knows that counters may still move */
	*state = 0;
	return 0;
}

#endif
