/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The sweeper: walks every flight, counts what is pending, turns the flights of
 * dead tasks into lost and those of evicted LRU slots into cancelled, and gives
 * back the slots of dead tasks, which would fill the maps under thread churn.
 */
#ifndef TW_SWEEP_H
#define TW_SWEEP_H

#include "identity.h"
#include "schedule.h"

/* a dying thread can fire once more after its PID is gone, so its slot stays that long */
#define TW_GRACE_NS 100000000ULL

enum tw_life {
	TW_DEAD = 0,
	TW_OTHER = 1,		/* another task has the TID now */
	TW_ALIVE = 2,
};

/* whose flight it is */
struct tw_owner {
	u32 tid;
	u32 tgid;
	u64 task;
	u64 started_ns;
};

/*
 * Past exit_task_work() nothing runs any more; exit_state is set after it (kernel/exit.c).
 * A thread that calls execve gets the start time of the first one, so an earlier one is its own.
 */
tw_inline int tw_life_under(u32 tid, struct tw_owner *owner)
{
	struct task_struct *task = task_from_pid(tid);
	int life = TW_OTHER;

	if (!task)
		return TW_DEAD;
	if (*(int *)((char *)task + TW_TASK_EXIT_STATE))
		life = TW_DEAD;
	else if ((u64)task == owner->task && tw_task_started_ns(task) <= owner->started_ns)
		life = TW_ALIVE;
	task_release(task);
	return life;
}

/* execve gives the thread the TID of the first one (fs/exec.c, de_thread()), its flights with it */
tw_inline int tw_took_over(struct tw_owner *owner)
{
	return owner->tgid != owner->tid && tw_life_under(owner->tgid, owner) == TW_ALIVE;
}

/* counts a flight that will not run, unless someone else has just counted it */
tw_inline int tw_retire(u64 *state, u64 before, u32 mode, const int is_lost)
{
	struct tw_counters *count = tw_counters_of(mode);

	if (!count || __sync_val_compare_and_swap(state, before, 0ULL) != before)
		return 0;
	if (is_lost)
		tw_add(count->lost, 1);
	else
		tw_add(count->cancelled, 1);
	return 1;
}

/* once, and before all else of a flight: that the word is swapped later proves whose the rest was */
tw_inline u64 tw_state_of(u64 *state)
{
	return *(volatile u64 *)state;
}

/* one flight; gone: its slot was evicted. Returns 1 when its entry can be given back */
tw_inline int tw_sweep_flight(struct tw_sweep *sweep, u64 *state, u64 before,
			      struct tw_owner *owner, u32 mode, u64 since, const int gone)
{
	int life;

	mode &= 1;
	if (before & TW_RUNNING) {
		sweep->running[mode]++;
		return 0;
	}
	life = tw_life_under(owner->tid, owner);
	if (before) {
		if (life != TW_ALIVE && !tw_took_over(owner))
			tw_retire(state, before, mode, 1);
		else if (gone || sweep->action == TW_CANCEL)
			tw_retire(state, before, mode, 0);
		else {
			sweep->pending[mode]++;
			return 0;
		}
	}
	if (sweep->action == TW_CANCEL)
		return 1;
	/* who has the TID now has the slot, too, and may be about to fill it */
	return sweep->action == TW_REAP && life == TW_DEAD && since &&
	       clock_ns() - since > TW_GRACE_NS;
}

#endif
