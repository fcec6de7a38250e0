/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The one pipeline of all map kinds: trigger, filter, read without faulting,
 * claim a slot, schedule, callback, capture, emit. A map kind adds its map,
 * and says how a slot is claimed and where the state of a flight is.
 */
#ifndef TW_PIPELINE_H
#define TW_PIPELINE_H

#include "capture.h"
#include "identity.h"
#ifdef TW_PYTHON
#include "python.h"
#endif
#include "slots.h"

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

tw_inline struct tw_counters *tw_counters_of(u32 mode)
{
	u32 row = TW_KIND * TW_MODES + (mode & 1);

	return map_lookup(TW_COUNTERS, &row);
}

tw_inline void tw_count_error(struct tw_counters *count, long error)
{
	u64 number = -error;

	tw_hide(number);
	if (number >= TW_ERRNOS)
		number = 0;
	tw_add(count->errors[number], 1);
}

tw_inline void *tw_task_mm(void *task)
{
	return *(void **)((char *)task + TW_TASK_MM);
}

/* 8 linear steps in every power of two; BPF has no count-leading-zeros */
tw_inline u64 tw_bucket_of(u64 value)
{
	u64 exponent = 0, rest = value;

	if (value < 8)
		return value;
	if (rest >> 32) { exponent += 32; rest >>= 32; }
	if (rest >> 16) { exponent += 16; rest >>= 16; }
	if (rest >> 8) { exponent += 8; rest >>= 8; }
	if (rest >> 4) { exponent += 4; rest >>= 4; }
	if (rest >> 2) { exponent += 2; rest >>= 2; }
	if (rest >> 1)
		exponent += 1;
	return (exponent - 2) * 8 + ((value >> (exponent - 3)) & 7);
}

tw_inline void tw_count_delay(u32 mode, u64 delay_ns)
{
	u32 row = TW_KIND * TW_MODES + (mode & 1);
	struct tw_histogram *latency = map_lookup(TW_LATENCY, &row);
	u64 bucket = tw_bucket_of(delay_ns);

	tw_hide(bucket);
	if (latency && bucket < TW_BUCKETS)
		tw_add(latency->bucket[bucket], 1);
}

tw_inline void tw_count_nofault(struct tw_counters *count, s32 nofault)
{
	if (nofault == TW_NOT_TRIED)
		tw_add(count->nofault_none, 1);
	else if (nofault < 0)
		tw_add(count->nofault_fault, 1);
	else
		tw_add(count->nofault_ok, 1);
}

#if TW_KEPT_REGISTERS
/* behind length bytes of data; before tw_emit() with the same length */
tw_inline void tw_append_registers(struct tw_event *event, u64 length, const void *registers)
{
	tw_hide(length);
	if (!registers || length > TW_DATA_BYTES)
		return;
	if (!read_kernel(event->data + length, TW_KEPT_REGISTERS * 8, registers))
		event->flags |= TW_WITH_REGISTERS;
}
#endif

tw_inline void tw_emit(struct tw_counters *count, struct tw_event *event, u64 length)
{
	u64 size;

	tw_hide(length);
	if (length > TW_DATA_BYTES)
		length = TW_DATA_BYTES;
	event->length = length;
	size = TW_EVENT_HEADER_BYTES + length;
	if (TW_KEPT_REGISTERS && event->flags & TW_WITH_REGISTERS)
		size += TW_KEPT_REGISTERS * 8;
	if (ring_output(TW_EVENTS, event, size, TW_NO_WAKEUP))
		tw_add(count->dropped, 1);
	else
		tw_add(count->emitted, 1);
}

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

tw_inline void tw_fill_slot(struct tw_claim *claim, struct tw_event *read, struct tw_origin *from)
{
	struct tw_slot *slot = claim->slot;
	u64 size = read->nofault > 0 ? read->nofault : 0;

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
	if (claim->flight) {
		claim->flight->trigger_ns = read->trigger_ns;
		claim->flight->mode = read->mode;
		claim->flight->task = slot->task;
		claim->flight->started_ns = slot->started_ns;
	}
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
		error = tw_claim(&claim, tid, turn);
		if (error == -TW_EBUSY) {
			tw_add(count->retried, 1);
			continue;
		}
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
		tw_add(count->retried, 1);
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

tw_inline u64 tw_function_argument(void *task, const u64 number)
{
	/* -D flags name the registers: they differ by architecture */
	const u64 index[] = { TW_REGISTER_ARGUMENTS };

	return tw_register(task, index[number]);
}

/* an argument of the function that returns now: the newest entry with the frame at this place */
tw_inline int tw_saved_argument(void *task, u32 watch, u64 number, u64 *value)
{
	struct tw_entries *entries = task_storage_get(TW_ENTRIES, task, 0, 0);
	u64 stack_pointer = tw_register(task, TW_REGISTER_SP) - TW_RETURN_POPS;
	u64 back, at;

	tw_hide(number);
	if (!entries || number >= TW_ARGUMENTS)
		return -TW_ENOENT;
#pragma clang loop unroll(disable)
	for (back = 1; back <= TW_ENTRIES_KEPT; back++) {
		at = (entries->next - back) & (TW_ENTRIES_KEPT - 1);
		if (entries->saved[at].stack_pointer == stack_pointer &&
		    entries->saved[at].watch == watch) {
			*value = entries->saved[at].argument[number];
			return 0;
		}
	}
	return -TW_ENOENT;
}

/* the value of a base or a length for the current task; -ENOENT when there is none */
tw_inline int tw_resolve(void *task, struct tw_target *target, u32 watch, u32 kind, u64 *value)
{
	u64 index = *value;

	if (kind == TW_REGISTER)
		*value = tw_register(task, index);
	if (kind == TW_ENTRY)
		return tw_saved_argument(task, watch, index, value);
	if (kind == TW_SYMBOL) {
		tw_hide(index);
		*value = target && index < TW_SYMBOLS ? target->symbol[index] : 0;
		if (!*value)
			return -TW_ENOENT;
	}
	return 0;
}

/* where and how much a capture reads, for the current task */
tw_inline int tw_resolve_capture(struct tw_capture *capture, void *task, struct tw_target *target,
				 u32 watch, u64 *base, u64 *length)
{
	int error;

	*base = capture->base;
	*length = capture->length;
	error = tw_resolve(task, target, watch, capture->base_kind, base);
	if (error)
		return error;
	return tw_resolve(task, target, watch, capture->length_kind, length);
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
	u64 ids = current_ids(), watch = attach_cookie(context) & TW_COOKIE_WATCH;
	struct tw_origin from = { .task = task };
	struct tw_capture *capture;
	struct tw_counters *count;
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

/* the copy read at the trigger stands in for memory that cannot be read any more */
tw_inline u64 tw_keep_copy(struct tw_slot *slot, struct tw_event *event)
{
	u64 size = event->nofault;

	if (event->nofault <= 0)
		return 0;
	tw_hide(size);
	if (size > TW_DATA_BYTES)
		size = TW_DATA_BYTES;
	read_kernel(event->data, size, slot->event.data);
	/* an LRU slot may have been given to another task while we copied */
	if (slot->event.trigger_ns != event->trigger_ns || slot->task != (u64)current_task())
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
	return size + bytes;
}
#endif

/* in the context of the task, where pages may be faulted in */
tw_inline int tw_run_callback(struct tw_slot *slot, TW_KEY *key)
{
	u64 ran_ns = clock_ns(), trigger_ns = slot->event.trigger_ns, ids = current_ids();
	u64 mm = slot->mm, base = slot->base, length = slot->length, resolved = slot->resolved;
	u32 index = slot->event.capture, mode = slot->event.mode & 1, tgid = ids >> 32, tid = ids;
	u64 *state = tw_flight_state(slot, key), size = 0;
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
	/* an evicted LRU slot is given away at once: what was read of it may be another flight's */
	if (slot->event.trigger_ns != trigger_ns || slot->task != (u64)task) {
		event->nofault = TW_NOT_TRIED;
		mm = 0;
	}
	if (resolved == TW_UNRESOLVED)
		missing = tw_resolve_capture(capture, task, target, 0, &base, &length);
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
		size = tw_keep_copy(slot, event);
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
	/* an LRU slot may have been given to another task while we copied */
	if (slot->event.trigger_ns != trigger_ns || slot->task != (u64)task)
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
