/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What every trigger runs, whatever the map kind: filter, read without faulting, and
 * either emit or schedule a callback. At the end of a system call, once more.
 */
#ifndef TW_PIPELINE_H
#define TW_PIPELINE_H

#include "identity.h"
#include "resolve.h"
#include "schedule.h"

/* an event without a callback: what was read is enough */
tw_inline void tw_emit_at_once(struct tw_counters *count, struct tw_event *event, long size,
			       void *task)
{
	tw_add(count->not_needed, 1);
	if (event->flags & TW_TRUNCATED)
		tw_add(count->truncated, 1);
	current_name(event->comm, sizeof(event->comm));
#if TW_KEPT_REGISTERS
	tw_append_registers(event, size, task_registers(task));
#endif
	tw_emit(count, event, size);
}

/* target that the current task belongs to, when it is watched */
tw_inline struct tw_target *tw_current_target(u32 tgid, u32 tid)
{
	void *task = current_task();
	struct tw_target *target = tw_target_of(task, tgid);

	return target && tw_is_watched_thread(target, task, tid) ? target : 0;
}

/* keeps a failed read for the end of the system call; 0 when it cannot */
tw_inline int tw_put_off(struct tw_counters *count, struct tw_event *read, struct tw_origin *from,
			 u32 watch)
{
	struct tw_calls *calls;
	struct tw_call *call;

	/* nothing was tried, or it is no fault: the end of the call changes nothing */
	if (read->nofault != -TW_EFAULT)
		return 0;
	calls = task_storage_get(TW_CALLS, from->task, 0, TW_STORAGE_CREATE);
	if (!calls)
		return 0;
	call = &calls->of[TW_KIND];
	call->mm = from->mm;
	call->base = from->base;
	call->length = from->length;
	call->watch = watch;
	call->nofault = read->nofault;
	call->trigger_cpu = read->trigger_cpu;
	call->mode = read->mode;
	call->capture = read->capture;
	call->trigger_ns = read->trigger_ns;
	tw_add(count->put_off, 1);
	return 1;
}

/* the end of the call before was skipped, or another watch put off the same call: not read there */
tw_inline void tw_forget_call(void *task)
{
	struct tw_calls *calls = task_storage_get(TW_CALLS, task, 0, 0);
	struct tw_counters *count;
	struct tw_call *call;

	if (!calls)
		return;
	call = &calls->of[TW_KIND];
	count = tw_counters_of(call->mode);
	if (!call->trigger_ns || !count)
		return;
	call->trigger_ns = 0;
	tw_add(count->taken_up, 1);
	tw_add(count->rejected, 1);
	tw_count_error(count, -TW_ENOENT);
}

/* for the task that runs now */
tw_inline int tw_run_trigger(void *context, tw_work_fn work)
{
	u64 ids = current_ids(), cookie = attach_cookie(context);
	u32 zero = 0, tgid = ids >> 32, tid = ids, watch = cookie & TW_COOKIE_WATCH, mode, index;
	struct tw_origin from = {};
	struct tw_capture *capture;
	struct tw_counters *count;
	struct tw_config *config;
	struct tw_target *target;
	struct tw_buffer *buffer;
	struct tw_event *read;
	void *task;
	int missing;

	target = tw_current_target(tgid, tid);
	config = map_lookup(TW_CONFIG, &zero);
	if (!target || !config || !(config->kinds & (1 << TW_KIND)))
		return 0;
	task = current_task();
	if (cookie & TW_COOKIE_EXIT)
		tw_forget_call(task);
	read = map_lookup(TW_SCRATCH, &zero);
	index = config->first_capture + watch;
	capture = map_lookup(TW_CAPTURE_PROGRAMS, &index);
	mode = config->mode & 1;	/* once: a toggle must not split one event over two rows */
	count = tw_counters_of(mode);
	if (cookie & TW_COOKIE_OWN_BUFFER) {
		buffer = task_storage_get(TW_BUFFERS, task, 0, TW_STORAGE_CREATE);
		read = buffer ? &buffer->event : 0;
	} else if (cookie & TW_COOKIE_GUARD) {
		/* what our own callback sets off would fire for ever: counted, and left alone */
		buffer = task_storage_get(TW_BUFFERS, task, 0, 0);
		if (buffer && buffer->in_callback) {
			if (count)
				tw_add(count->self_fired, 1);
			return 0;
		}
	}
	if (!capture || !count)
		return 0;

	tw_add(count->fired, 1);
	if (!read) {
		tw_add(count->nofault_none, 1);
		tw_add(count->rejected, 1);
		tw_count_error(count, -TW_ENOMEM);
		return 0;
	}
	read->trigger_ns = clock_ns();
	read->ran_ns = 0;
	read->result = TW_NOT_TRIED;
	read->tgid = tgid;
	read->tid = tid;
	read->trigger_cpu = current_cpu();
	read->ran_cpu = read->trigger_cpu;
	read->map_kind = TW_KIND;
	read->mode = mode;
	read->capture = index;
	read->flags = 0;
	tw_read_nothing(read);
	missing = tw_resolve_capture(capture, task, target, watch, &from.base, &from.length);
	if (missing)
		read->nofault = missing;
#ifdef TW_STACKS
	else if (capture->read == TW_READ_STACK)
		read->nofault = get_stack(context, read->data, TW_USER_FRAMES * 8, TW_USER_STACK);
#endif
	else
		read->nofault = tw_run_capture(capture, read, from.base, from.length, 0);
	tw_count_nofault(count, read->nofault);

	if (config->defer != TW_DEFER_ALWAYS && read->nofault >= 0) {
		tw_emit_at_once(count, read, read->nofault, task);
		return 0;
	}
	from.task = task;
	from.mm = (u64)tw_task_mm(task);
	from.missing = missing;
	if (config->defer == TW_DEFER_EXIT && cookie & TW_COOKIE_EXIT && !missing &&
	    tw_put_off(count, read, &from, watch))
		return 0;
	tw_schedule(context, count, capture, read, &from, work);
	return 0;
}

/* at the end of a system call: the kernel has used the memory, so it is most likely there now */
tw_inline int tw_run_exit(void *context, tw_work_fn work)
{
	void *task = current_task();
	struct tw_calls *calls = task_storage_get(TW_CALLS, task, 0, 0);
	u64 ids = current_ids(), cookie = attach_cookie(context), watch = cookie & TW_COOKIE_WATCH;
	struct tw_origin from = { .task = task };
	struct tw_capture *capture;
	struct tw_counters *count;
	struct tw_buffer *buffer;
	struct tw_event *read;
	struct tw_call *call;
	u32 zero = 0, index;
	long result = -TW_EFAULT;

	if (!calls)
		return 0;
	call = &calls->of[TW_KIND];
	if (!call->trigger_ns || call->watch != watch)
		return 0;
	index = call->capture;
	capture = map_lookup(TW_CAPTURE_PROGRAMS, &index);
	count = tw_counters_of(call->mode);
	read = map_lookup(TW_SCRATCH, &zero);
	if (cookie & TW_COOKIE_OWN_BUFFER) {
		buffer = task_storage_get(TW_BUFFERS, task, 0, TW_STORAGE_CREATE);
		read = buffer ? &buffer->event : 0;
	}
	if (!capture || !count || !read)
		return 0;
	read->trigger_ns = call->trigger_ns;
	call->trigger_ns = 0;
	tw_add(count->taken_up, 1);
	read->ran_ns = 0;
	read->nofault = call->nofault;
	read->result = TW_NOT_TRIED;
	read->tgid = ids >> 32;
	read->tid = ids;
	read->trigger_cpu = call->trigger_cpu;
	read->ran_cpu = call->trigger_cpu;
	read->map_kind = TW_KIND;
	read->mode = call->mode & 1;
	read->capture = index;
	read->flags = 0;
	tw_read_nothing(read);
	from.mm = call->mm;
	from.base = call->base;
	from.length = call->length;
	/* after execve the address means something else */
	if (from.mm == (u64)tw_task_mm(task))
		result = tw_run_capture(capture, read, from.base, from.length, 0);
	if (result >= 0) {
		read->result = result;
		tw_emit_at_once(count, read, result, task);
		return 0;
	}
	/* delays are counted from what schedules, and that is the end of the call */
	read->trigger_ns = clock_ns();
	read->trigger_cpu = current_cpu();
	tw_schedule(context, count, capture, read, &from, work);
	return 0;
}

/* at the entry of a function, for captures at its return that need its arguments */
tw_inline int tw_run_entry(void *context)
{
	u64 ids = current_ids(), cookie = attach_cookie(context), at, number;
	u32 tgid = ids >> 32, tid = ids;
	struct tw_entries *entries;
	void *task = current_task();

	if (!tw_current_target(tgid, tid))
		return 0;
	entries = task_storage_get(TW_ENTRIES, task, 0, TW_STORAGE_CREATE);
	if (!entries)
		return 0;
	at = entries->next++ & (TW_ENTRIES_KEPT - 1);
	entries->saved[at].stack_pointer = tw_register(task, TW_REGISTER_SP);
	entries->saved[at].watch = cookie & TW_COOKIE_WATCH;
#pragma unroll
	for (number = 0; number < TW_ARGUMENTS; number++)
		entries->saved[at].argument[number] = tw_function_argument(task, number);
	return 0;
}

#endif
