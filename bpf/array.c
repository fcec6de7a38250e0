// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * array: a bank of slots per CPU with a cursor, and one more bank for probes.
 * A bank that is too small says EBUSY.
 */
#define TW_KIND 1
#define TW_KEY u32

#include "callback.h"
#include "children.h"
#include "pipeline.h"
#include "probe.h"
#include "sweep.h"

_Static_assert(TW_KIND == TW_ARRAY, "map kind");
_Static_assert((TW_BANK & (TW_BANK - 1)) == 0, "a bank is a power of two");

BPF_F_TABLE("array", u32, struct tw_slot, slots, TW_SLOTS_MAX, 0);

tw_inline int tw_claim_in_bank(struct tw_claim *claim, u32 bank)
{
	u32 zero = 0, key;
	u64 *cursor = map_lookup(TW_CURSORS, &zero);

	if (!cursor)
		return -TW_EINVAL;
	/*
	 * Not the result of the addition: LLVM 21 has none for BPF CPU v1. Who interrupts us here
	 * takes the same slot, and one of the two is told EBUSY and takes the next.
	 */
	tw_add(*cursor, 1);
	key = bank * TW_BANK + (*cursor & (TW_BANK - 1));
	claim->slot = map_lookup(TW_SLOTS, &key);
	if (!claim->slot)
		return -TW_E2BIG;
	claim->state = &claim->slot->state;
	return 0;
}

tw_inline int tw_claim(struct tw_claim *claim, u32 tid, u32 turn)
{
	return tw_claim_in_bank(claim, current_cpu());
}

tw_inline int tw_claim_probe(struct tw_claim *claim, u32 tid, u32 mode, u32 turn)
{
	return tw_claim_in_bank(claim, TW_CPUS);
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
	struct tw_owner owner = { slot->event.tid, slot->event.tgid, slot->task,
				  slot->started_ns };
	u32 index = *key, zero = 0;
	void *fresh;

	if (!tw_sweep_flight(sweep, &slot->state, before, &owner, slot->event.mode,
			     slot->event.trigger_ns, 0))
		return 0;
	if (sweep->action != TW_CANCEL)
		return 0;
	/* an array slot cannot be deleted; overwriting it cancels what is pending on it */
	fresh = map_lookup(TW_ZEROS, &zero);
	if (!fresh)
		return 0;
	return !map_update(TW_SLOTS, &index, fresh, 0);
}
