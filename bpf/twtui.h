/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The wire contract between the BPF programs and user space.
 *
 * Every layout that both sides read is here and nowhere else. twtui/wire/layout.py
 * mirrors it and tests/unit/test_wire_layout.py compares the two field by field,
 * so one declaration to a line, fixed-width types and no implicit padding.
 */
#ifndef TWTUI_H
#define TWTUI_H

#ifndef TW_DATA_BYTES
#define TW_DATA_BYTES 256	/* most bytes that one capture can return */
#endif

/* the registers of the architecture's struct pt_regs, where a run keeps them; 0 where it does not */
#ifndef TW_KEPT_REGISTERS
#define TW_KEPT_REGISTERS 0
#endif

/* a string is read with room for its NUL and one more byte, so that a cut shows */
#define TW_BUFFER_BYTES (TW_DATA_BYTES + 8 + TW_KEPT_REGISTERS * 8)

#define TW_MAP_KINDS 3
#define TW_ERRNOS 134		/* errnos 1..133, index 0 for any other */
#define TW_BUCKETS 512		/* 64 powers of two, 8 linear steps in each */
#define TW_CAPTURES 256		/* capture programs that can be known at once */
#define TW_DEREFERENCES 4
#define TW_SYMBOLS 4
#define TW_USER_FRAMES 64
#define TW_KERNEL_FRAMES 32
#define TW_PYTHONS 16		/* versions of CPython in one run, from 1 */
#define TW_TEXT_BYTES 256	/* most bytes of a name or a path of Python */
#define TW_NOT_TRIED (-2147483647 - 1)

enum tw_map_kind { TW_HASH = 0, TW_ARRAY = 1, TW_LRU_HASH = 2 };
enum tw_mode { TW_RESUME = 0, TW_SIGNAL = 1, TW_MODES = 2 };
enum tw_defer {
	TW_DEFER_ALWAYS = 0,
	TW_DEFER_FAULT = 1,	/* only when the read at the trigger faults */
	TW_DEFER_EXIT = 2,	/* only when the read at the end of the system call faults too */
};
enum tw_base {
	TW_CONSTANT = 0,
	TW_REGISTER = 1,	/* index into the saved user registers */
	TW_SYMBOL = 2,		/* index into the target's symbols */
	TW_ENTRY = 3,		/* argument, from 0, saved at the entry of the function */
};
enum tw_read {
	TW_READ_NONE = 0,
	TW_READ_STRING = 1,
	TW_READ_BYTES = 2,
	TW_READ_STACK = 3,
	TW_READ_PYTHON = 4,	/* the base is the address of _PyRuntime */
	TW_READ_VALUE = 5,	/* the address itself, 8 bytes */
};
enum tw_cookie {
	TW_COOKIE_WATCH = 255,	/* number of the trigger in the plan */
	TW_COOKIE_OWN_BUFFER = 256,	/* the trigger can be interrupted by another: per-CPU memory is not its own */
	TW_COOKIE_GUARD = 512,	/* the trigger may hit what our own callback does */
	TW_COOKIE_EXIT = 1024,	/* the end of the system call is watched, too */
};
enum tw_target_flags {
	TW_FOLLOW = 1,		/* forked children are targets too */
	TW_ONLY_THREADS = 2,	/* only threads in the map of threads */
};
enum tw_stack_end {
	TW_STACK_WHOLE = 0,	/* the chain of frame pointers ended */
	TW_STACK_FAULT = 1,	/* a frame could not be read */
	TW_STACK_LIMIT = 2,	/* there are more frames */
};
enum tw_python_text {
	TW_TEXT_WIDTH = 7,	/* bytes of a character, 1, 2 or 4; 0: not a compact str, and no text */
	TW_TEXT_CUT = 8,	/* a name has lost its end, a path its start */
	TW_TEXT_SAME = 16,	/* that of the frame before, and no text */
};
enum tw_event_flags {
	TW_DEFERRED = 1,	/* a callback ran; else the trigger's read was enough */
	TW_TRUNCATED = 2,	/* the target had more than data holds */
	TW_GONE = 4,		/* the memory of the trigger was gone when the callback ran */
	TW_KEPT = 8,		/* data is the copy that was read at the trigger */
	TW_WITH_REGISTERS = 16,	/* behind the data: the user registers, as they were at the trigger */
};

/* what to read: a base, up to four dereferences, a final read */
struct tw_capture {
	u64 base;		/* a constant, or a register index */
	u64 length;		/* bytes for TW_READ_BYTES: a constant, or a register index */
	s64 offset[5];		/* added before each dereference and before the read */
	u32 base_kind;
	u32 length_kind;
	u32 dereferences;
	u32 read;
};

/* one value, shared with user space by mmap and read at every trigger */
struct tw_config {
	u32 mode;
	u32 defer;
	u32 first_capture;	/* the trigger's number is added to it */
	u32 kinds;		/* bit per map kind: 0 pauses that kind */
};

/* what runs for one process */
struct tw_target {
	u32 flags;
	u32 python;		/* index of its offsets; 0: not known to run Python */
	u64 started_ns;		/* when it started, cut to a clock tick at most: a PID is used again */
	u64 symbol[4];		/* addresses of the plan's symbols in this process */
};

/* where the members lie that lead to the frames of one version of CPython; bytes */
struct tw_python_offsets {
	u32 interpreters_head;	/* in _PyRuntime */
	u32 next_interpreter;	/* in an interpreter */
	u32 threads_head;
	u32 next_thread;	/* in a thread */
	u32 native_thread_id;
	u32 thread_holder;	/* of the pointer to what holds current_frame; 0: the thread itself does */
	u32 current_frame;
	u32 frame_code;		/* in a frame */
	u32 frame_previous;
	u32 frame_owner;
	u32 code_function;	/* in a code object: the qualified name */
	u32 code_file;
	u32 code_line;
	u32 text_length;	/* in a str */
	u32 text_state;
	u32 text_ascii;		/* of the characters, when all are ASCII */
	u32 text_wide;		/* of the characters of any other */
};

/* what data holds for TW_READ_PYTHON, once for each frame; behind it the two texts */
struct tw_python_frame {
	u32 line;		/* the first of the function */
	u16 function_bytes;
	u16 file_bytes;
	u8 function;		/* enum tw_python_text */
	u8 file;
	u16 reserved;
};

/* what the ring buffer carries: this, the first length bytes of data, and maybe registers */
struct tw_event {
	u64 trigger_ns;		/* CLOCK_MONOTONIC, at the trigger */
	u64 ran_ns;		/* at the start of the callback; 0 when none ran */
	u64 address;		/* of the final read */
	s32 nofault;		/* bytes, -errno or TW_NOT_TRIED: the read at the trigger */
	s32 result;		/* the same for the read in the callback */
	u32 tgid;
	u32 tid;
	u32 length;		/* bytes of data; before it is sent, those of a read at the trigger that was cut */
	u32 wanted;		/* bytes the target had, where known, else 0; for a stack enum tw_stack_end */
	u16 trigger_cpu;
	u16 ran_cpu;
	u8 map_kind;
	u8 mode;
	u8 capture;		/* index into captures */
	u8 flags;
	u8 comm[16];
	u8 data[TW_BUFFER_BYTES];
};

#define TW_EVENT_HEADER_BYTES 72

/* per CPU, cumulative; one for each map kind x mode, index map_kind * 2 + mode */
struct tw_counters {
	u64 fired;
	u64 self_fired;
	u64 not_needed;
	u64 scheduled;
	u64 busy;
	u64 no_slot;
	u64 rejected;
	u64 retried;
	u64 completed;
	u64 read_ok;
	u64 read_fault;
	u64 read_none;
	u64 truncated;
	u64 nofault_ok;
	u64 nofault_fault;
	u64 nofault_none;
	u64 rescued;
	u64 cancelled;
	u64 lost;
	u64 emitted;
	u64 dropped;
	u64 put_off;		/* to the end of the system call */
	u64 taken_up;		/* there */
	u64 errors[TW_ERRNOS];
};

/* delay from schedule to callback in ns; per CPU, indexed as the counters */
struct tw_histogram {
	u64 bucket[TW_BUCKETS];
};

/* what one probe is asked and answers */
struct tw_probe {
	u32 tid;		/* as the kernel's first PID namespace numbers it */
	u32 capture;
	s32 result;		/* 0 or -errno */
	u32 reserved;
};

enum tw_sweep_action {
	TW_COUNT = 0,		/* only count */
	TW_REAP = 1,		/* and give back what dead tasks hold */
	TW_CANCEL = 2,		/* and cancel all that has not started */
};

/* what one sweep is asked and answers; [2] is indexed by mode */
struct tw_sweep {
	u32 action;
	u32 reserved;
	u64 pending[2];		/* scheduled, not started, task alive */
	u64 running[2];		/* started, not ended */
	u64 caller;		/* tgid of who runs the sweep, as the kernel numbers it */
	u64 caller_started_ns;	/* CLOCK_BOOTTIME of the first time namespace */
};

#endif
