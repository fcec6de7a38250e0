/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Who is who: PIDs and TIDs are used again, so a process is held by its PID and by
 * when it started, which the kernel keeps through an execve by any of its threads.
 */
#ifndef TW_IDENTITY_H
#define TW_IDENTITY_H

#include "task_work.h"
#include "twtui.h"

/* of one thread; CLOCK_BOOTTIME, ns */
tw_inline u64 tw_task_started_ns(void *task)
{
	return *(u64 *)((char *)task + TW_TASK_STARTED);
}

/* of a process: of its first thread */
tw_inline u64 tw_process_started_ns(void *task)
{
	void *leader = *(void **)((char *)task + TW_TASK_LEADER);

	return *(u64 *)((char *)leader + TW_TASK_STARTED);
}

/* user space knows the time to a clock tick only (field 22 of /proc/PID/stat) */
tw_inline int tw_is_same_process(struct tw_target *target, u64 started_ns)
{
	return started_ns - target->started_ns < TW_TICK_NS;
}

/* the target with this PID, when it still is that process */
tw_inline struct tw_target *tw_target_of(void *task, u32 tgid)
{
	struct tw_target *target = map_lookup(TW_TARGETS, &tgid);

	if (!target || !tw_is_same_process(target, tw_process_started_ns(task)))
		return 0;
	return target;
}

/* where only some threads of a target are watched: one of these, not who has its TID since */
tw_inline int tw_is_watched_thread(struct tw_target *target, void *task, u32 tid)
{
	u64 *started_ns;

	if (!(target->flags & TW_ONLY_THREADS))
		return 1;
	started_ns = map_lookup(TW_THREADS, &tid);
	return started_ns && tw_task_started_ns(task) - *started_ns < TW_TICK_NS;
}

#endif
