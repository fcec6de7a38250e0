/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Slots and flights. A slot is one map value with its struct bpf_task_work; a
 * flight is one scheduled callback, and its state is a single word:
 *
 *	0                        no flight
 *	trigger_ns               scheduled, not started
 *	trigger_ns | TW_RUNNING  the callback runs
 *
 * Whoever swaps the word counts the flight: the callback (completed), the next
 * schedule on the slot, or the sweeper (lost, cancelled). So each flight is
 * counted once. In hash and array the word is in the slot. An evicted LRU slot
 * vanishes without a trace, so lru_hash keeps the word in a hash of its own.
 */
#ifndef TW_SLOTS_H
#define TW_SLOTS_H

#include "task_work.h"
#include "twtui.h"

#define TW_RUNNING (1ULL << 63)
#define TW_TRIES 4
#define TW_ARGUMENTS 6
#define TW_ENTRIES_KEPT 8	/* nested calls that are waited for, a power of two */
#define TW_FIRST_PROBE_TURN TW_TRIES	/* probes have keys of their own, four per mode */

/* private to a task: what its callback, or a trigger that can be preempted, works in */
struct tw_buffer {
	struct tw_event event;
	u64 in_callback;
};

/* arguments of the functions that a task is in, saved for their returns */
struct tw_entries {
	u64 next;
	struct {
		u64 stack_pointer;
		u64 watch;
		u64 argument[TW_ARGUMENTS];
	} saved[TW_ENTRIES_KEPT];
};

/* a read that is tried again when the system call ends, in which the kernel brings the page in */
struct tw_call {
	u64 trigger_ns;		/* 0: none */
	u64 mm;
	u64 base;
	u64 length;
	u32 watch;
	s32 nofault;
	u16 trigger_cpu;
	u8 mode;
	u8 capture;
	u32 reserved;
};

/* the system call that a task is in */
struct tw_calls {
	struct tw_call of[TW_MAP_KINDS];
};

/* BCC emits the types of maps only, and those of task storage are not its maps */
struct tw_task_types {
	struct tw_buffer buffer;
	struct tw_entries entries;
	struct tw_calls calls;
};

enum tw_resolved {
	TW_UNRESOLVED = 0,	/* the callback finds the registers of base and length itself */
	TW_RESOLVED = 1,
	TW_MISSING = 2,		/* there was none: a symbol, or an argument of an entry not seen */
};

struct tw_slot {
	u64 state;
	u64 mm;			/* task->mm at the trigger: whose memory may be read */
	u64 base;		/* the capture's base and length, from the registers at the trigger */
	u64 length;
	u64 resolved;		/* enum tw_resolved */
	u64 task;		/* whose flight it is: an execve can give a thread another TID */
	u64 started_ns;		/* when that task started: another can have its TID, and its address */
	struct bpf_task_work work;
	struct tw_event event;	/* as the trigger knew it, with what it could read */
#if TW_KEPT_REGISTERS
	u64 registers[TW_KEPT_REGISTERS];
#endif
#ifdef TW_STACKS
	u64 kernel_bytes;	/* the kernel's part of a stack is only there at the trigger */
	u64 kernel_frames[TW_KERNEL_FRAMES];
#endif
	struct tw_task_types types[0];
};

struct tw_flight {
	u64 state;
	u64 trigger_ns;		/* of the newest flight, also when it is over */
	u32 mode;
	u32 tgid;
	u64 task;		/* as in the slot */
	u64 started_ns;
};

_Static_assert(sizeof(struct tw_flight) == 40, "user space makes the map");

/* hash and lru_hash; an array has indexes */
struct tw_key {
	u32 tid;
	u32 turn;
};

#endif
