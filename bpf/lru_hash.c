// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * lru_hash: as hash, but a full map evicts, and the evicted slot's callback never
 * runs, without an error to anyone. A hash of flights that never evicts knows.
 */
#define TW_KIND 2
#define TW_KEY struct tw_key

#include "callback.h"
#include "children.h"
#include "pipeline.h"
#include "probe.h"
#include "sweep.h"

_Static_assert(TW_KIND == TW_LRU_HASH, "map kind");

BPF_F_TABLE("lru_hash", struct tw_key, struct tw_slot, slots, TW_SLOTS_MAX, 0);

tw_inline int tw_claim_key(struct tw_claim *claim, u32 tid, u32 turn)
{
	struct tw_key key = { .tid = tid, .turn = turn };
	struct tw_flight *flight, no_flight = {};
	u32 zero = 0;
	void *fresh;
	int error;

	flight = map_lookup(TW_FLIGHTS, &key);
	if (!flight) {
		error = map_update(TW_FLIGHTS, &key, &no_flight, TW_NO_EXIST);
		flight = map_lookup(TW_FLIGHTS, &key);
		if (!flight)
			return error ? error : -TW_E2BIG;
	}
	/* its slot may be evicted, but its callback still sleeps in a fault: the word is in use */
	if (flight->state & TW_RUNNING)
		return -TW_EBUSY;
	claim->state = &flight->state;
	claim->flight = flight;
	claim->fresh = 0;
	claim->slot = map_lookup(TW_SLOTS, &key);
	if (claim->slot)
		return 0;
	fresh = map_lookup(TW_ZEROS, &zero);
	if (!fresh)
		return -TW_EINVAL;
	error = map_update(TW_SLOTS, &key, fresh, TW_NO_EXIST);
	claim->fresh = !error;
	claim->slot = map_lookup(TW_SLOTS, &key);
	if (!claim->slot)
		return error ? error : -TW_ENOMEM;
	return 0;
}

tw_inline int tw_claim(struct tw_claim *claim, u32 tid, u32 turn)
{
	return tw_claim_key(claim, tid, turn);
}

tw_inline int tw_claim_probe(struct tw_claim *claim, u32 tid, u32 mode, u32 turn)
{
	int error = tw_claim_key(claim, tid, TW_FIRST_PROBE_TURN + mode * TW_TRIES + turn);

	if (!error && claim->fresh)
		tw_retire_predecessor(claim);
	return error;
}

tw_inline u64 *tw_flight_state(struct tw_slot *slot, TW_KEY *key)
{
	struct tw_key copy = *key;
	struct tw_flight *flight = map_lookup(TW_FLIGHTS, &copy);

	return flight ? &flight->state : 0;
}

#define TW_WALKED TW_FLIGHTS
#define TW_WALKED_VALUE struct tw_flight

tw_inline int tw_sweep_one(TW_KEY *key, struct tw_flight *flight, struct tw_sweep *sweep)
{
	u64 before = tw_state_of(&flight->state);
	struct tw_owner owner = { key->tid, flight->tgid, flight->task, flight->started_ns };
	struct tw_key copy = *key;
	struct tw_slot *slot = map_lookup(TW_SLOTS, &copy);
	int gone = !slot || slot->event.trigger_ns != before;

	if (!tw_sweep_flight(sweep, &flight->state, before, &owner, flight->mode,
			     flight->trigger_ns, gone))
		return 0;
	map_delete(TW_SLOTS, &copy);
	return !map_delete(TW_FLIGHTS, &copy);
}
