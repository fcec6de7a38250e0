// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* hash: a slot per thread and turn. A full map says E2BIG, which counts as no_slot. */
#define TW_KIND 0
#define TW_KEY struct tw_key

#include "callback.h"
#include "children.h"
#include "pipeline.h"
#include "probe.h"
#include "sweep.h"

_Static_assert(TW_KIND == TW_HASH, "map kind");

BPF_F_TABLE("hash", struct tw_key, struct tw_slot, slots, TW_SLOTS_MAX, 0);

tw_inline int tw_claim_key(struct tw_claim *claim, u32 tid, u32 turn)
{
	struct tw_key key = { .tid = tid, .turn = turn };
	u32 zero = 0;
	void *fresh;
	int error;

	claim->slot = map_lookup(TW_SLOTS, &key);
	if (!claim->slot) {
		fresh = map_lookup(TW_ZEROS, &zero);
		if (!fresh)
			return -TW_EINVAL;
		error = map_update(TW_SLOTS, &key, fresh, TW_NO_EXIST);
		claim->slot = map_lookup(TW_SLOTS, &key);
		if (!claim->slot)
			return error ? error : -TW_E2BIG;
	}
	claim->state = &claim->slot->state;
	return 0;
}

tw_inline int tw_claim(struct tw_claim *claim, u32 tid, u32 turn)
{
	return tw_claim_key(claim, tid, turn);
}

tw_inline int tw_claim_probe(struct tw_claim *claim, u32 tid, u32 mode, u32 turn)
{
	return tw_claim_key(claim, tid, TW_FIRST_PROBE_TURN + mode * TW_TRIES + turn);
}

tw_inline u64 *tw_flight_state(struct tw_slot *slot, TW_KEY *key)
{
	return &slot->state;
}

#define TW_WALKED TW_SLOTS
#define TW_WALKED_VALUE struct tw_slot

tw_inline int tw_sweep_one(TW_KEY *key, struct tw_slot *slot, struct tw_sweep *sweep)
{
	u64 before = tw_state_of(&slot->state);
	struct tw_owner owner = { key->tid, slot->event.tgid, slot->task, slot->started_ns };
	struct tw_key copy = *key;

	if (!tw_sweep_flight(sweep, &slot->state, before, &owner, slot->event.mode,
			     slot->event.trigger_ns, 0))
		return 0;
	return !map_delete(TW_SLOTS, &copy);
}
