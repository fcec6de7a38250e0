"""Whether /proc numbers processes as the kernel's programs do: not in a PID or time namespace of one's own."""

from __future__ import annotations

import os
from pathlib import Path

from twtui.errors import UnsupportedError
from twtui.kernel.processes.targets import TICK_NS, read_stat
from twtui.kernel.run.program import SWEEP, Programs
from twtui.wire.layout import SWEEP as SWEEP_LAYOUT


def require_kernels_numbers(programs: Programs) -> None:
    """Compare what /proc and the kernel say of this very process.

    Raises:
        UnsupportedError: They differ, so that a PID would name another process.
    """
    answer = programs.run(SWEEP, bytes(SWEEP_LAYOUT.size))
    *_, kernels_pid, started_ns = SWEEP_LAYOUT.unpack(answer)
    # as /proc has it: in a mount of another namespace it is not os.getpid()
    pid = int(Path("/proc/self").readlink().name)
    stat = read_stat(pid)
    if pid != kernels_pid:
        raise UnsupportedError(
            f"/proc numbers processes in a way of its own: we are {pid} there, {kernels_pid} for the kernel",
            "run it outside of the container, or start that with --pid=host",
        )
    if stat and stat.start_ticks != started_ns // TICK_NS:
        raise UnsupportedError(
            f"/proc has a clock of its own: process {os.getpid()} started at another time for the kernel",
            "run it outside of the time namespace",
        )
