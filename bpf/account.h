/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What is counted and handed over: counters, errors, delays, and records into the ring.
 * Nothing here is worked out from anything else, so that the sums are a check.
 */
#ifndef TW_ACCOUNT_H
#define TW_ACCOUNT_H

#include "capture.h"
#include "slots.h"

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

#endif
