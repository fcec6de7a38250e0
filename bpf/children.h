/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Forked children become targets before they run: nothing lies between the fork and
 * the first event. A thread belongs to its process and needs nothing.
 */
#ifndef TW_CHILDREN_H
#define TW_CHILDREN_H

#include "task_work.h"
#include "twtui.h"

struct tw_raw_arguments {
	u64 parent;
	u64 child;
};

tw_inline u32 tw_tgid_of(u64 task)
{
	u32 tgid = 0;

	read_kernel(&tgid, sizeof(tgid), (void *)(task + TW_TASK_TGID));
	return tgid;
}

tw_inline int tw_run_fork(struct tw_raw_arguments *arguments)
{
	u32 parent = tw_tgid_of(arguments->parent), child = tw_tgid_of(arguments->child);
	struct tw_target *target = map_lookup(TW_TARGETS, &parent), copy;

	if (parent == child || !target || !(target->flags & TW_FOLLOW))
		return 0;
	copy = *target;
	map_update(TW_TARGETS, &child, &copy, 0);
	return 0;
}

#endif
