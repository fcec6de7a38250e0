// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Baseline: filter, claim by key, schedule with a callback that does nothing. */
#define TW_KIND 0
#include "task_work.h"
#include "slots.h"

BPF_F_TABLE("hash", struct tw_key, struct tw_slot, slots, 64, 0);

static int tw_trigger_work(struct bpf_map *map, void *key, void *value);

int tw_trigger(void *ctx)
{
	u64 ids = current_ids();
	u32 zero = 0, tgid = ids >> 32;
	struct tw_key key = { .tid = ids };
	struct tw_config *config = map_lookup(TW_CONFIG, &zero);
	struct tw_slot *slot;
	void *fresh;

	if (!config || !map_lookup(TW_TARGETS, &tgid))
		return 0;
	slot = map_lookup(TW_SLOTS, &key);
	if (!slot) {
		fresh = map_lookup(TW_ZEROS, &zero);
		if (fresh)
			map_update(TW_SLOTS, &key, fresh, TW_NO_EXIST);
		slot = map_lookup(TW_SLOTS, &key);
		if (!slot)
			return 0;
	}
	if (config->mode == TW_SIGNAL)
		schedule_signal(current_task(), &slot->work, TW_SLOTS, tw_trigger_work, 0);
	else
		schedule_resume(current_task(), &slot->work, TW_SLOTS, tw_trigger_work, 0);
	return 0;
}

tw_function_of(tw_trigger)
int tw_trigger_work(struct bpf_map *map, void *key, void *value)
{
	return 0;
}
