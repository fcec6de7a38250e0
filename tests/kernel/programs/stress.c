// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Many threads schedule on themselves from few slots, and with DELETES throw away
 * slots of one another; what the kernel's own test of task work does, with a ledger.
 *
 * Nothing in the ledger is a difference of the rest. A thread has one flight: set
 * when it has scheduled, cleared by the callback. One that is still set when the
 * thread schedules again was cancelled; a callback that finds none is a stray.
 *
 * Loaded as a raw tracepoint and not as a syscall program: up to 7.0 one that can
 * sleep may not delete and schedule on the same slot at a time.
 */
#include "task_work.h"

struct stress_counts {
	u64 tries, scheduled, busy, no_slot, no_memory, refused;
	u64 inserted, deleted, not_deleted;
	u64 completed, cancelled, stray;
};

struct stress_slot {
	struct bpf_task_work work;
	u64 unused;
};

BPF_F_TABLE(KIND, u32, struct stress_slot, slots, SLOTS, FLAGS);

static u32 (*random_number)(void) = TW_HELPER(7);

static int stress_work(struct bpf_map *map, void *key, void *value);

int stress(void *ctx)
{
	u32 zero = 0, key = random_number() % KEYS, tid = current_ids();
	struct stress_counts *counts = map_lookup(TW_COUNTERS, &zero);
	u64 *flight = map_lookup(TW_FLIGHTS, &tid);
	struct stress_slot fresh = {}, *slot;
	int error;

	if (!counts || !flight)
		return 0;
	tw_add(counts->tries, 1);
	if (DELETES && random_number() % 10 == 0) {
		if (IS_ARRAY)
			error = map_update(TW_SLOTS, &key, &fresh, 0);
		else
			error = map_delete(TW_SLOTS, &key);
		if (error)
			tw_add(counts->not_deleted, 1);
		else
			tw_add(counts->deleted, 1);
		return 0;
	}
	slot = map_lookup(TW_SLOTS, &key);
	if (!slot) {
		if (!map_update(TW_SLOTS, &key, &fresh, TW_NO_EXIST))
			tw_add(counts->inserted, 1);
		slot = map_lookup(TW_SLOTS, &key);
	}
	if (!slot) {
		tw_add(counts->no_slot, 1);
		return 0;
	}
	if (SIGNAL)
		error = schedule_signal(current_task(), &slot->work, TW_SLOTS, stress_work, 0);
	else
		error = schedule_resume(current_task(), &slot->work, TW_SLOTS, stress_work, 0);
	if (!error) {
		tw_add(counts->scheduled, 1);
		/* the callback cannot have run: it does so when this very thread leaves the kernel */
		if (__sync_lock_test_and_set(flight, 1ULL))
			tw_add(counts->cancelled, 1);
	} else if (error == -TW_EBUSY) {
		tw_add(counts->busy, 1);
	} else if (error == -TW_ENOMEM) {
		tw_add(counts->no_memory, 1);
	} else {
		tw_add(counts->refused, 1);
	}
	return 0;
}

tw_function_of(stress)
int stress_work(struct bpf_map *map, void *key, void *value)
{
	u32 zero = 0, tid = current_ids();
	struct stress_counts *counts = map_lookup(TW_COUNTERS, &zero);
	u64 *flight = map_lookup(TW_FLIGHTS, &tid);

	if (!counts)
		return 0;
	if (flight && __sync_lock_test_and_set(flight, 0ULL))
		tw_add(counts->completed, 1);
	else
		tw_add(counts->stray, 1);
	return 0;
}
