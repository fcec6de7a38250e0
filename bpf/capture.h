/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Runs a capture: base, dereferences, final read. The same code reads with and
 * without faulting pages in; may_fault is a constant at each place of use.
 */
#ifndef TW_CAPTURE_H
#define TW_CAPTURE_H

#include "task_work.h"
#include "twtui.h"

#define TW_PAGE_BYTES 4096

tw_inline u64 tw_register(void *task, u64 index)
{
	void *registers = task_registers(task);
	u64 value = 0;

	if (index >= TW_REGISTERS || !registers)
		return 0;
	read_kernel(&value, sizeof(value), (void *)((u64)registers + index * 8));
	return value;
}

tw_inline void *tw_task_mm(void *task)
{
	return *(void **)((char *)task + TW_TASK_MM);
}

/* an exiting thread has no memory of its own, and may sit on another process's page tables */
tw_inline long tw_read(void *to, u32 size, u64 address, const int may_fault)
{
	if (may_fault)
		return copy_from_user(to, size, (void *)address);
	if (!tw_task_mm(current_task()))
		return -TW_EFAULT;
	return read_user(to, size, (void *)address);
}

/* bytes without the NUL, or -errno; one byte too many is asked for, so that a cut shows */
tw_inline long tw_read_string(struct tw_event *event, u64 address, const int may_fault)
{
	char first;
	long size;

	if (may_fault)
		size = copy_from_user_str(event->data, TW_DATA_BYTES + 2, (void *)address, 0);
	/* whose page tables these are is asked for bytes and not for strings (mm/maccess.c, nmi_uaccess_okay()) */
	else if (tw_read(&first, 1, address, 0))
		return -TW_EFAULT;
	else
		size = read_user_str(event->data, TW_DATA_BYTES + 2, (void *)address);
	if (size <= 0)
		return size;
	if (size > TW_DATA_BYTES + 1) {
		event->flags |= TW_TRUNCATED;
		return TW_DATA_BYTES;
	}
	return size - 1;
}

/*
 * bytes, or -errno. When the second page cannot be read, that is what the first one had; where
 * no page may be faulted in, it is a fault, as the callback may get all, and length says how
 * much there is for when it does not.
 */
tw_inline long tw_read_bytes(struct tw_event *event, u64 address, u64 length, const int may_fault)
{
	u64 in_page = TW_PAGE_BYTES - (address & (TW_PAGE_BYTES - 1));
	u64 size = length;
	long error;

	/* an int of -1 leaves 0xffffffff in its register; no call moves 2 GiB (MAX_RW_COUNT) */
	if ((s64)length <= 0 || length >> 31 == 1)
		return 0;
	event->wanted = length > 0xffffffffULL ? 0xffffffffU : length;
	if (size > TW_DATA_BYTES) {
		event->flags |= TW_TRUNCATED;
		size = TW_DATA_BYTES;
	}
	tw_hide(size);
	if (size > TW_DATA_BYTES)
		return -TW_EINVAL;
	error = tw_read(event->data, size, address, may_fault);
	if (!error)
		return size;
	if (in_page >= size)
		return error;
	tw_hide(in_page);
	if (in_page > TW_DATA_BYTES)
		return error;
	if (tw_read(event->data, in_page, address, may_fault))
		return error;
	event->flags |= TW_TRUNCATED;
	if (may_fault)
		return in_page;
	event->length = in_page;
	return error;
}

#ifdef TW_STACKS
/*
 * The user's part of the stack by frame pointers, newest frame first; bytes. Faults pages in,
 * which bpf_get_task_stack() does not do here. wanted says where and why it ended.
 */
tw_inline long tw_walk_stack(struct tw_event *event, void *task)
{
	u64 *frames = (u64 *)event->data;
	u64 frame_pointer = tw_register(task, TW_REGISTER_FP);
	u64 frame[2], at;
	int level;

	frames[0] = tw_register(task, TW_REGISTER_IP);
	event->wanted = TW_STACK_LIMIT;
#pragma clang loop unroll(disable)
	for (level = 1; level < TW_USER_FRAMES; level++) {
		at = level;
		tw_hide(at);
		if (at >= TW_USER_FRAMES)
			break;
		event->wanted = TW_STACK_WHOLE;
		if (!frame_pointer)
			break;
		event->wanted = TW_STACK_FAULT;
		if (copy_from_user(frame, sizeof(frame), (void *)frame_pointer))
			break;
		event->wanted = TW_STACK_WHOLE;
		if (!frame[1])
			break;
		frames[at] = frame[1];
		event->wanted = TW_STACK_LIMIT;
		/* the stack grows down: a frame that is not above its callee's ends the chain */
		frame_pointer = frame[0] > frame_pointer ? frame[0] : 0;
	}
	if (event->wanted == TW_STACK_LIMIT)
		event->flags |= TW_TRUNCATED;
	return level * 8;
}
#endif

/* as long as nothing was read: the memory that events are made in had others before */
tw_inline void tw_read_nothing(struct tw_event *event)
{
	event->wanted = 0;
	event->address = 0;
	event->length = 0;
}

/* bytes in event->data, or -errno, or TW_NOT_TRIED; fills address, wanted, length and flags */
tw_inline long tw_run_capture(struct tw_capture *capture, struct tw_event *event, u64 base,
			      u64 length, const int may_fault)
{
	u64 address = base, last = capture->dereferences, next;
	long error;
	int level;

	tw_read_nothing(event);
	/* a walk is for the callback, which has a way of its own */
	if (capture->read == TW_READ_NONE || capture->read == TW_READ_PYTHON)
		return TW_NOT_TRIED;
#pragma unroll
	for (level = 0; level < TW_DEREFERENCES; level++) {
		if (level >= last)
			break;
		next = 0;
		error = tw_read(&next, sizeof(next), address + capture->offset[level], may_fault);
		if (error)
			return error;
		address = next;
	}
	tw_hide(last);
	if (last > TW_DEREFERENCES)
		return -TW_EINVAL;
	address += capture->offset[last];
	event->address = address;
	if (capture->read == TW_READ_VALUE) {
		*(u64 *)event->data = address;
		return sizeof(address);
	}
	if (capture->read == TW_READ_STRING)
		return tw_read_string(event, address, may_fault);
	return tw_read_bytes(event, address, length, may_fault);
}

#endif
