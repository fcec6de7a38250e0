"""The smoke set: the kernel tests, by name or whole files, that run on every kernel with every BCC."""

from __future__ import annotations

SMOKE = (
    # every map kind in both modes, and the ways in which a callback fails to come
    "test_ledger.py::test_every_call_is_one_event_in_every_map_kind",
    "test_ledger.py::test_a_dead_task_means_lost",
    "test_ledger.py::test_what_is_pending_at_the_end_is_cancelled",
    "test_ledger.py::test_resume_leaves_a_sleeper_alone_and_signal_wakes_it",
    # whose memory is read, and what lies on cold pages
    "test_memory.py::test_memory_of_before_execve_is_kept_and_never_that_of_after",
    "test_memory.py::test_an_unreadable_address_is_a_counted_fault[str(0x10)]",
    "test_memory.py::test_what_reaches_over_to_a_cold_page_is_read_whole[exit]",
    "test_memory.py::test_a_probe_reads_what_it_was_scheduled_to_read",
    "test_triggers.py::test_what_lies_on_a_cold_page_is_read[open-syscall:openat-str(arg2)-always]",
    "test_triggers.py::test_what_lies_on_a_cold_page_is_read[say-uprobe:exe:cold_say-str(arg1)-fault]",
    # the other triggers and captures
    "test_triggers.py::test_several_triggers_in_one_run",
    "test_returns.py::test_memory_named_at_the_entry_with_the_length_returned",
    # what an ordinary user is told
    "test_record.py::test_an_ordinary_user_is_told_what_is_missing",
    # refusals by the verifier and the compiler, and that nothing stays behind
    "test_endings.py::test_a_rejected_program_is_an_error_with_the_verifiers_words",
    "test_endings.py::test_a_compile_error_is_an_error_with_the_compilers_words",
    "test_endings.py::test_a_finished_run_leaves_nothing",
    "test_endings.py::test_a_killed_kernel_process_leaves_nothing_and_is_reported",
    # what needs no compiler and is quick: every refusal by the verifier, every program type
    "test_verifier_refusals.py",
    "test_program_trials.py",
)
"""Of ``tests/kernel``, at least one for each way into the kernel and out of it. Left out, with the reason:
what measures a share or a rate, as an emulated clock says nothing; what needs tmux, OpenSSL, py-spy or
another interpreter, as no root has them; what asks again what these have answered; and what compiles
something of its own for an answer that is the same on all these kernels."""

COSTLY = (
    # each compiles programs of its own, or draws: minutes under emulation
    "test_ledger.py::test_a_small_map_tells_the_kinds_apart",
    "test_stacks.py::test_both_parts_of_a_system_call",
    "test_python.py::test_lines_are_the_first_of_their_functions",
    "test_screen.py::test_pick_watch_switch_and_leave",
)
"""What runs besides on the running kernel, and on the newest one once."""

ONLY_IN_GUESTS = (
    # another kernel may refuse these hooks to everybody; Debian's do not
    "test_program_types.py::test_tracing_the_entry_of_a_function",
    "test_program_types.py::test_security_module",
)

REFUSAL = ("../matrix/refusal.py",)
"""What runs instead on a kernel without task work."""
