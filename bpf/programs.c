// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The programs of a map kind; compiled behind hash.c, array.c or lru_hash.c.
 * A program's functions carry its name in front, which is how the linker finds
 * them, and are defined after it, as the program must be its section's first.
 */
static int tw_trigger_work(struct bpf_map *map, void *key, void *value);
static int tw_exit_work(struct bpf_map *map, void *key, void *value);
static int tw_probe_work(struct bpf_map *map, void *key, void *value);
static int tw_sweep_each(struct bpf_map *map, TW_KEY *key, TW_WALKED_VALUE *value,
			 struct tw_sweep *sweep);

/*
 * perf event, tracepoint or uprobe; the cookie is enum tw_cookie.
 *
 * A task in a uprobe can be preempted by another one in the same uprobe, and since Linux 6.13
 * both would work on one private stack, which belongs to the program and the CPU: addresses
 * that the verifier has proven good would be another task's numbers (seen on 7.2: an oops).
 */
int tw_trigger(void *ctx)
{
	preempt_disable();
	tw_run_trigger(ctx, tw_trigger_work);
	preempt_enable();
	return 0;
}

tw_function_of(tw_trigger)
int tw_trigger_work(struct bpf_map *map, void *key, void *value)
{
	return tw_run_callback(value, key);
}

/* tracepoint at the end of a system call whose start is a trigger; preempted and with a cookie as that */
int tw_exit(void *ctx)
{
	preempt_disable();
	tw_run_exit(ctx, tw_exit_work);
	preempt_enable();
	return 0;
}

tw_function_of(tw_exit)
int tw_exit_work(struct bpf_map *map, void *key, void *value)
{
	return tw_run_callback(value, key);
}

/* uprobe at the entry of a function whose return is a trigger; preempted as tw_trigger() is */
int tw_entry(void *ctx)
{
	preempt_disable();
	tw_run_entry(ctx);
	preempt_enable();
	return 0;
}

/* raw tracepoint sched_process_fork(parent, child), before the child runs for the first time */
int tw_fork(struct tw_fork_arguments *arguments)
{
	return tw_run_fork(arguments);
}

/* raw tracepoint sched_process_exec(task, old_pid, program), before the new image runs */
int tw_exec(struct tw_exec_arguments *arguments)
{
	return tw_run_exec(arguments);
}

/* syscall program, run once for each thread to probe */
int tw_probe(struct tw_probe *probe)
{
	return tw_run_probe(probe, tw_probe_work);
}

tw_function_of(tw_probe)
int tw_probe_work(struct bpf_map *map, void *key, void *value)
{
	return tw_run_callback(value, key);
}

/* syscall program, run a few times a second */
int tw_sweep(struct tw_sweep *sweep)
{
	struct tw_sweep found = { .action = sweep->action };

	for_each_element(TW_WALKED, tw_sweep_each, &found, 0);
	found.caller = current_ids() >> 32;
	found.caller_started_ns = tw_process_started_ns(current_task());
	*sweep = found;
	return 0;
}

tw_function_of(tw_sweep)
int tw_sweep_each(struct bpf_map *map, TW_KEY *key, TW_WALKED_VALUE *value, struct tw_sweep *sweep)
{
	tw_sweep_one(key, value, sweep);
	return 0;
}
