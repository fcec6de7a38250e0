// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Schedules one callback a firing, whatever fires it, and reads a string in it.
 *
 * current_N schedules on what runs, when that is the process in the config;
 * aim_N on the thread in the config, for where anybody may be running. N is what
 * the program returns: what "go on" is differs between program types.
 */
#include "task_work.h"

#define TEXT_BYTES 64

struct fire_config {
	u32 pid;
	u32 mode;
	u64 address;
};

struct fire_counts {
	u64 fired, scheduled, busy, refused;
	u64 completed, read, elsewhere;
	char text[TEXT_BYTES];
};

struct fire_slot {
	struct bpf_task_work work;
};

BPF_F_TABLE("array", u32, struct fire_slot, slots, 1, 0);

tw_inline void fire_on(void *task, u32 mode, tw_work_fn work)
{
	u32 zero = 0;
	struct fire_counts *counts = map_lookup(TW_COUNTERS, &zero);
	struct fire_slot *slot = map_lookup(TW_SLOTS, &zero);
	int error;

	if (!counts || !slot)
		return;
	tw_add(counts->fired, 1);
	if (mode)
		error = schedule_signal(task, &slot->work, TW_SLOTS, work, 0);
	else
		error = schedule_resume(task, &slot->work, TW_SLOTS, work, 0);
	if (!error)
		tw_add(counts->scheduled, 1);
	else if (error == -TW_EBUSY)
		tw_add(counts->busy, 1);
	else
		tw_add(counts->refused, 1);
}

tw_inline void fire_on_current(tw_work_fn work)
{
	u32 zero = 0;
	struct fire_config *config = map_lookup(TW_CONFIG, &zero);

	if (config && current_ids() >> 32 == config->pid)
		fire_on(current_task(), config->mode, work);
}

tw_inline void fire_on_picked(tw_work_fn work)
{
	u32 zero = 0;
	struct fire_config *config = map_lookup(TW_CONFIG, &zero);
	struct task_struct *task;

	if (!config)
		return;
	task = task_from_pid(config->pid);
	if (!task)
		return;
	fire_on(task, config->mode, work);
	task_release(task);
}

tw_inline int fire_read(void)
{
	u64 ids = current_ids();
	u32 zero = 0;
	struct fire_config *config = map_lookup(TW_CONFIG, &zero);
	struct fire_counts *counts = map_lookup(TW_COUNTERS, &zero);

	if (!config || !counts)
		return 0;
	/* the last one writes the text: only one callback can be pending */
	if (copy_from_user_str(counts->text, TEXT_BYTES, (void *)config->address, 0) > 0)
		tw_add(counts->read, 1);
	if (ids >> 32 != config->pid && (u32)ids != config->pid)
		tw_add(counts->elsewhere, 1);
	tw_add(counts->completed, 1);
	return 0;
}

/* spelled out: BCC finds a program only where its text is, not in what a macro makes */
static int current_0_work(struct bpf_map *map, void *key, void *value);
static int current_1_work(struct bpf_map *map, void *key, void *value);
static int current_all_work(struct bpf_map *map, void *key, void *value);
static int aim_0_work(struct bpf_map *map, void *key, void *value);
static int aim_1_work(struct bpf_map *map, void *key, void *value);
static int aim_2_work(struct bpf_map *map, void *key, void *value);

int current_0(void *ctx)
{
	fire_on_current(current_0_work);
	return 0;
}

tw_function_of(current_0)
int current_0_work(struct bpf_map *map, void *key, void *value)
{
	return fire_read();
}

int current_1(void *ctx)
{
	fire_on_current(current_1_work);
	return 1;
}

tw_function_of(current_1)
int current_1_work(struct bpf_map *map, void *key, void *value)
{
	return fire_read();
}

int current_all(void *ctx)
{
	fire_on_current(current_all_work);
	return -1;
}

tw_function_of(current_all)
int current_all_work(struct bpf_map *map, void *key, void *value)
{
	return fire_read();
}

int aim_0(void *ctx)
{
	fire_on_picked(aim_0_work);
	return 0;
}

tw_function_of(aim_0)
int aim_0_work(struct bpf_map *map, void *key, void *value)
{
	return fire_read();
}

int aim_1(void *ctx)
{
	fire_on_picked(aim_1_work);
	return 1;
}

tw_function_of(aim_1)
int aim_1_work(struct bpf_map *map, void *key, void *value)
{
	return fire_read();
}

int aim_2(void *ctx)
{
	fire_on_picked(aim_2_work);
	return 2;
}

tw_function_of(aim_2)
int aim_2_work(struct bpf_map *map, void *key, void *value)
{
	return fire_read();
}
