/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where a capture begins: its base and length as numbers, from the registers of the
 * task, the symbols of its process, or what a function was given at its entry.
 */
#ifndef TW_RESOLVE_H
#define TW_RESOLVE_H

#include "capture.h"
#include "slots.h"

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

/*
 * A task that is scheduled on while it sleeps finds its registers itself, when its callback runs.
 * Its symbols are those of the schedule, as the table may be another capture's by then.
 */
tw_inline void tw_resolve_symbols(struct tw_capture *capture, struct tw_target *target, u64 *base,
				  u64 *length)
{
	*base = capture->base;
	*length = capture->length;
	/* one that is missing is 0 */
	if (capture->base_kind == TW_SYMBOL)
		tw_resolve(0, target, 0, TW_SYMBOL, base);
	if (capture->length_kind == TW_SYMBOL)
		tw_resolve(0, target, 0, TW_SYMBOL, length);
}

/* the rest of what tw_resolve_symbols() began, when the task runs; -ENOENT when there is no base or length */
tw_inline int tw_resolve_rest(void *task, u32 kind, u64 *value)
{
	if (kind == TW_SYMBOL)
		return *value ? 0 : -TW_ENOENT;
	return tw_resolve(task, 0, 0, kind, value);
}

tw_inline int tw_resolve_registers(struct tw_capture *capture, void *task, u64 *base, u64 *length)
{
	int error = tw_resolve_rest(task, capture->base_kind, base);

	return error ? error : tw_resolve_rest(task, capture->length_kind, length);
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

#endif
