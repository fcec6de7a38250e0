/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Walks the frames of a CPython 3.11+ thread through the interpreter's own structures:
 * runtime, interpreters, threads, the thread that we are, its frames. The thread stands
 * still while its callback runs, so its frames do too; the list of threads does not, and
 * every walk is bounded. User space says where the members lie (struct tw_python_offsets).
 */
#ifndef TW_PYTHON_H
#define TW_PYTHON_H

#include "task_work.h"
#include "twtui.h"

#define TW_PYTHON_THREADS 512	/* looked at, over all interpreters */
#define TW_PYTHON_STEPS 24	/* frames looked at, those of C among them */
#define TW_OWNED_BY_C 3		/* first of enum _frameowner that is no Python frame, from 3.12 on */
#define TW_TAG_BITS 3ULL	/* of a _PyStackRef, from 3.14 on; 0 in an address */

/* PyASCIIObject.state: interned 2 bits, kind 3 bits, compact, ascii */
#define TW_TEXT_KIND(state) (((state) >> 2) & 7)
#define TW_TEXT_COMPACT 0x20
#define TW_TEXT_ASCII 0x40

#define TW_PYTHON_FRAME_BYTES (sizeof(struct tw_python_frame) + 2 * TW_TEXT_BYTES)

/* all of it may fault: that is why we are here */
#define tw_get(variable, address) copy_from_user(&(variable), sizeof(variable), (void *)(address))

/* as the thread itself sees it, which is what Python has noted */
tw_inline u32 tw_own_tid(void *task)
{
	u64 pid = 0;
	u32 level = 0, number = 0;

	read_kernel(&pid, sizeof(pid), (void *)((u64)task + TW_TASK_PID));
	read_kernel(&level, sizeof(level), (void *)(pid + TW_PID_LEVEL));
	read_kernel(&number, sizeof(number),
		    (void *)(pid + TW_PID_NUMBERS + (u64)level * TW_UPID_BYTES));
	return number;
}

/* 0, or -errno; -ESRCH: no interpreter knows this thread */
tw_inline long tw_python_thread(struct tw_python_offsets *offsets, u64 runtime, u32 tid, u64 *found)
{
	u64 interpreter = 0, thread = 0, id = 0;
	int hop;

	if (tw_get(interpreter, runtime + offsets->interpreters_head))
		return -TW_EFAULT;
	if (!interpreter)
		return -TW_ESRCH;
	if (tw_get(thread, interpreter + offsets->threads_head))
		return -TW_EFAULT;
#pragma clang loop unroll(disable)
	for (hop = 0; hop < TW_PYTHON_THREADS; hop++) {
		if (thread) {
			if (tw_get(id, thread + offsets->native_thread_id))
				return -TW_EFAULT;
			if (id == tid) {
				*found = thread;
				return 0;
			}
			if (tw_get(thread, thread + offsets->next_thread))
				return -TW_EFAULT;
		} else {
			if (tw_get(interpreter, interpreter + offsets->next_interpreter))
				return -TW_EFAULT;
			if (!interpreter)
				return -TW_ESRCH;
			if (tw_get(thread, interpreter + offsets->threads_head))
				return -TW_EFAULT;
		}
	}
	return -TW_E2BIG;
}

/* a str, behind what data holds: its enum tw_python_text, or -errno; of a path the end is kept */
tw_inline long tw_read_text(struct tw_event *event, struct tw_python_offsets *offsets, u64 object,
			    const int keep_end)
{
	u64 length = 0, from = object, size, kind, at = event->length;
	u32 state = 0, cut = 0;

	if (tw_get(length, object + offsets->text_length) ||
	    tw_get(state, object + offsets->text_state))
		return -TW_EFAULT;
	kind = TW_TEXT_KIND(state);
	if (!(state & TW_TEXT_COMPACT) || (kind != 1 && kind != 2 && kind != 4))
		return 0;
	from += state & TW_TEXT_ASCII ? offsets->text_ascii : offsets->text_wide;
	size = length * kind;
	if (length > TW_TEXT_BYTES || size > TW_TEXT_BYTES) {
		if (keep_end)
			from += size - TW_TEXT_BYTES;
		size = TW_TEXT_BYTES;
		cut = TW_TEXT_CUT;
	}
	tw_hide(size);
	tw_hide(at);
	if (size > TW_TEXT_BYTES || at > TW_DATA_BYTES - TW_TEXT_BYTES)
		return -TW_EINVAL;
	if (copy_from_user(event->data + at, size, (void *)from))
		return -TW_EFAULT;
	event->length = at + size;
	return kind | cut;
}

/* one frame behind what data holds; the file of the frame before is not read again */
tw_inline long tw_read_python_frame(struct tw_event *event, struct tw_python_offsets *offsets,
				    u64 frame, u64 *last_file)
{
	struct tw_python_frame head = {};
	u64 code = 0, function = 0, file = 0, start = event->length;
	long text;

	if (tw_get(code, frame + offsets->frame_code))
		return -TW_EFAULT;
	code &= ~TW_TAG_BITS;
	if (tw_get(head.line, code + offsets->code_line) ||
	    tw_get(function, code + offsets->code_function) ||
	    tw_get(file, code + offsets->code_file))
		return -TW_EFAULT;
	event->length = start + sizeof(head);
	text = tw_read_text(event, offsets, function, 0);
	if (text < 0)
		return text;
	head.function = text;
	head.function_bytes = event->length - start - sizeof(head);
	if (file == *last_file) {
		head.file = TW_TEXT_SAME;
	} else {
		text = tw_read_text(event, offsets, file, 1);
		if (text < 0)
			return text;
		head.file = text;
		head.file_bytes = event->length - start - sizeof(head) - head.function_bytes;
		*last_file = file;
	}
	if ((head.function | head.file) & TW_TEXT_CUT)
		event->flags |= TW_TRUNCATED;
	tw_hide(start);
	if (start > TW_DATA_BYTES - sizeof(head))
		return -TW_EINVAL;
	__builtin_memcpy(event->data + start, &head, sizeof(head));
	return 0;
}

/*
 * The frames of this thread, newest first: bytes, or -errno. The place in data is kept in
 * event->length, where the verifier knows nothing of it: every turn looks the same to it.
 */
tw_inline long tw_walk_python(struct tw_event *event, struct tw_python_offsets *offsets,
			      u64 runtime, u32 tid)
{
	u64 thread = 0, frame = 0, last_file = 0, start = 0;
	u8 owner = 0;
	long error;
	int step;

	event->address = runtime;
	event->wanted = 0;
	event->length = 0;
	error = tw_python_thread(offsets, runtime, tid, &thread);
	if (error)
		return error;
	if (offsets->thread_holder && tw_get(thread, thread + offsets->thread_holder))
		return -TW_EFAULT;
	if (tw_get(frame, thread + offsets->current_frame))
		return -TW_EFAULT;
#pragma clang loop unroll(disable)
	for (step = 0; step < TW_PYTHON_STEPS; step++) {
		if (!frame)
			return event->length;
		start = event->length;
		if (start > TW_DATA_BYTES - TW_PYTHON_FRAME_BYTES)
			break;
		error = tw_get(owner, frame + offsets->frame_owner);
		if (!error && owner < TW_OWNED_BY_C)
			error = tw_read_python_frame(event, offsets, frame, &last_file);
		if (error) {
			event->length = start;
			break;
		}
		error = tw_get(frame, frame + offsets->frame_previous);
		if (error)
			break;
	}
	if (!frame && !error)
		return event->length;
	if (!event->length)
		return -TW_EFAULT;
	event->flags |= TW_TRUNCATED;
	return event->length;
}

/* for the target that this task belongs to; -ESRCH when it is not known to run Python */
tw_inline long tw_run_python(struct tw_event *event, struct tw_target *target, u64 runtime,
			     void *task)
{
	u32 index = target ? target->python : 0;
	struct tw_python_offsets *offsets;

	event->wanted = 0;
	event->address = runtime;
	if (!index || !runtime)
		return -TW_ESRCH;
	offsets = map_lookup(TW_PYTHON_OFFSETS, &index);
	if (!offsets)
		return -TW_ESRCH;
	return tw_walk_python(event, offsets, runtime, tw_own_tid(task));
}

#endif
