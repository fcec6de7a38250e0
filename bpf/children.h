/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Forked children become targets before they run: nothing lies between the fork and
 * the first event. A thread belongs to its process and needs nothing. After an
 * execve the addresses of symbols mean something else, and are forgotten.
 */
#ifndef TW_CHILDREN_H
#define TW_CHILDREN_H

#include "identity.h"

/* of sched_process_fork and sched_process_exec (include/trace/events/sched.h) */
struct tw_fork_arguments {
	u64 parent;
	u64 child;
};

struct tw_exec_arguments {
	u64 task;
	u64 old_pid;
	u64 program;
};

tw_inline u32 tw_tgid_of(u64 task)
{
	u32 tgid = 0;

	read_kernel(&tgid, sizeof(tgid), (void *)(task + TW_TASK_TGID));
	return tgid;
}

/* as tw_process_started_ns(), of a task that is only an argument */
tw_inline u64 tw_started_ns_of(u64 task)
{
	u64 leader = 0, started_ns = 0;

	read_kernel(&leader, sizeof(leader), (void *)(task + TW_TASK_LEADER));
	read_kernel(&started_ns, sizeof(started_ns), (void *)(leader + TW_TASK_STARTED));
	return started_ns;
}

tw_inline int tw_run_fork(struct tw_fork_arguments *arguments)
{
	u32 parent = tw_tgid_of(arguments->parent), child = tw_tgid_of(arguments->child);
	u32 tid = current_ids();
	struct tw_target *target = map_lookup(TW_TARGETS, &parent), copy;

	if (parent == child || !target || !(target->flags & TW_FOLLOW) ||
	    !tw_is_same_process(target, tw_started_ns_of(arguments->parent)))
		return 0;
	/* what an unwatched thread starts is not watched either, and a child has other threads */
	if (!tw_is_watched_thread(target, current_task(), tid))
		return 0;
	copy = *target;
	copy.flags &= ~TW_ONLY_THREADS;
	copy.started_ns = tw_started_ns_of(arguments->child);
	map_update(TW_TARGETS, &child, &copy, 0);
	return 0;
}

tw_inline int tw_run_exec(struct tw_exec_arguments *arguments)
{
	u32 tgid = tw_tgid_of(arguments->task);
	struct tw_target *target = map_lookup(TW_TARGETS, &tgid);
	u32 number;

	if (!target)
		return 0;
#pragma unroll
	for (number = 0; number < TW_SYMBOLS; number++)
		target->symbol[number] = 0;
	return 0;
}

#endif
