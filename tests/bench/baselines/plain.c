// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Baseline: filter, bpf_probe_read_user_str() at the trigger, a ring buffer record without wakeup. */
#define TW_KIND 0
#include "task_work.h"
#include "slots.h"

BPF_F_TABLE("hash", struct tw_key, struct tw_slot, slots, 16, 0);

int tw_trigger(void *ctx)
{
	u64 ids = current_ids();
	u32 zero = 0, tgid = ids >> 32;
	struct tw_capture *capture;
	struct tw_event *event;
	long size;

	if (!map_lookup(TW_TARGETS, &tgid))
		return 0;
	event = map_lookup(TW_SCRATCH, &zero);
	capture = map_lookup(TW_CAPTURE_PROGRAMS, &zero);
	if (!event || !capture)
		return 0;
	event->trigger_ns = clock_ns();
	event->tgid = tgid;
	event->tid = ids;
	current_name(event->comm, sizeof(event->comm));
	size = read_user_str(event->data, TW_DATA_BYTES, (void *)capture->base);
	if (size < 0)
		size = 0;
	event->length = size;
	tw_hide(size);
	if (size > TW_DATA_BYTES)
		size = TW_DATA_BYTES;
	ring_output(TW_EVENTS, event, TW_EVENT_HEADER_BYTES + size, TW_NO_WAKEUP);
	return 0;
}
