/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What BCC cannot name: kfuncs, newer helpers, and maps used outside the main
 * function. A kfunc or a map is a number here; twtui/kernel/compiling/linker.py replaces
 * each by the kernel's id or by a file descriptor before it loads the program.
 * twtui/kernel/bpf/placeholders.py has the same numbers, and a test compares the two.
 */
#ifndef TW_TASK_WORK_H
#define TW_TASK_WORK_H

#define TW_KFUNC(number) ((void *)(0x7f000000 + (number)))
#define TW_MAP(number) ((void *)(0x7477000000000000ULL + (number)))
#define TW_HELPER(number) ((void *)(number))

#define TW_SLOTS TW_MAP(1)
#define TW_FLIGHTS TW_MAP(2)
#define TW_TARGETS TW_MAP(3)
#define TW_CONFIG TW_MAP(4)
#define TW_CAPTURE_PROGRAMS TW_MAP(5)
#define TW_COUNTERS TW_MAP(6)
#define TW_LATENCY TW_MAP(7)
#define TW_EVENTS TW_MAP(8)
#define TW_SCRATCH TW_MAP(9)
#define TW_BUFFERS TW_MAP(10)
#define TW_ZEROS TW_MAP(11)
#define TW_CURSORS TW_MAP(12)
#define TW_THREADS TW_MAP(13)
#define TW_ENTRIES TW_MAP(14)
#define TW_PYTHON_OFFSETS TW_MAP(15)
#define TW_CALLS TW_MAP(16)

struct bpf_map;
struct task_struct;

/* BCC 0.37 and later bring this in their own bpf.h */
#ifndef TW_HAVE_BPF_TASK_WORK
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));
#endif

typedef int (*tw_work_fn)(struct bpf_map *map, void *key, void *value);

/* the fifth argument is NULL for the _impl variant and ignored by the plain one */
static int (*schedule_resume)(void *task, void *work, void *map, tw_work_fn fn, void *aux) = TW_KFUNC(1);
static int (*schedule_signal)(void *task, void *work, void *map, tw_work_fn fn, void *aux) = TW_KFUNC(2);
static int (*copy_from_user_str)(void *to, u32 size, const void *from, u64 flags) = TW_KFUNC(3);
static struct task_struct *(*task_from_pid)(s32 pid) = TW_KFUNC(4);
static void (*task_release)(struct task_struct *task) = TW_KFUNC(5);
static void (*preempt_disable)(void) = TW_KFUNC(6);
static void (*preempt_enable)(void) = TW_KFUNC(7);

static void *(*map_lookup)(void *map, void *key) = TW_HELPER(1);
static long (*map_update)(void *map, void *key, void *value, u64 flags) = TW_HELPER(2);
static long (*map_delete)(void *map, void *key) = TW_HELPER(3);
static u64 (*clock_ns)(void) = TW_HELPER(5);
static u32 (*current_cpu)(void) = TW_HELPER(8);
static u64 (*current_ids)(void) = TW_HELPER(14);
static long (*current_name)(void *to, u32 size) = TW_HELPER(16);
static long (*get_stack)(void *context, void *to, u32 size, u64 flags) = TW_HELPER(67);
static long (*read_user)(void *to, u32 size, const void *from) = TW_HELPER(112);
static long (*read_kernel)(void *to, u32 size, const void *from) = TW_HELPER(113);
static long (*read_user_str)(void *to, u32 size, const void *from) = TW_HELPER(114);
static long (*ring_output)(void *ring, void *data, u64 size, u64 flags) = TW_HELPER(130);
static long (*copy_from_user)(void *to, u32 size, const void *from) = TW_HELPER(148);
static void *(*task_storage_get)(void *map, void *task, void *value, u64 flags) = TW_HELPER(156);
static void *(*current_task)(void) = TW_HELPER(158);
static long (*for_each_element)(void *map, void *fn, void *context, u64 flags) = TW_HELPER(164);
static u64 (*attach_cookie)(void *context) = TW_HELPER(174);
static void *(*task_registers)(void *task) = TW_HELPER(175);

#define TW_NO_EXIST 1		/* BPF_NOEXIST */
#define TW_STORAGE_CREATE 1	/* BPF_LOCAL_STORAGE_GET_F_CREATE */
#define TW_USER_STACK 256	/* BPF_F_USER_STACK */
#define TW_NO_WAKEUP 1		/* BPF_RB_NO_WAKEUP: user space looks on a timer */

#define TW_ENOENT 2
#define TW_ESRCH 3
#define TW_E2BIG 7
#define TW_ENOMEM 12
#define TW_EFAULT 14
#define TW_EBUSY 16
#define TW_EINVAL 22

#define tw_inline static inline __attribute__((always_inline))
/* functions of a program live behind it in its section, where the linker finds them */
#define tw_function_of(program) static __attribute__((noinline, section(".bpf.fn." #program)))
/* keeps the compiler from moving or dropping a bound that the verifier has to see */
#define tw_hide(variable) asm volatile("" : "+r"(variable))
/* a callback can sleep, and a sample can interrupt it: a plain ++ would lose counts */
#define tw_add(counter, number) __sync_fetch_and_add(&(counter), number)

#endif
