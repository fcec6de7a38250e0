"""Runs a job in a guest with a kernel of its own, or in a root on the running kernel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from debian import MatrixError
from roots import JOB, Root, pack_cpio

_MEMORY_MB = 3072
_CPU = "max,la57=off"
"""Four levels of page tables are enough, and quicker to walk under emulation."""
_CONSOLE_LINES = 60
_HERE = Path(__file__).resolve().parent
_PARAMETERS = (
    "console=ttyS0,115200 panic=-1 quiet loglevel=4 rdinit=/init nokaslr tsc=reliable lsm=bpf"
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended."""

    output: str
    seconds: float
    problem: str = ""
    """Why there is no whole output; empty when the job came to its end."""
    began: bool = True
    """The job has written something."""
    boots: int = 0
    """How often the guest was started."""


class Machines:
    """Runs jobs, several at a time, and ends those that run when it has to stop."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def in_guest(self, root: Root, kernel: Path, job: Path, command: str, limit_s: float) -> Ended:
        """Boot a kernel under QEMU, without KVM and with one CPU, and run a command in the root.

        Args:
            root: Becomes the guest's root, in its memory.
            kernel: The image.
            job: A folder that the guest sees as ``/job``.
            command: For the shell, in that folder.
            limit_s: How long it may take.
        """
        with tempfile.TemporaryDirectory(dir=root.tree.parent) as folder:
            place = Path(folder)
            initramfs = _initramfs(root, job, command, place)
            ended = self._boot(kernel, initramfs, place, limit_s)
            if ended.began:
                return replace(ended, boots=1)
            # an emulator's fault before the job began says nothing about twtui; a second boot decides
            return replace(self._boot(kernel, initramfs, place, limit_s), boots=2)

    def _boot(self, kernel: Path, initramfs: Path, place: Path, limit_s: float) -> Ended:
        output, console = place / "output", place / "console"
        words: list[str | Path] = [
            "qemu-system-x86_64", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", _CPU,
            "-smp", "1", "-m", str(_MEMORY_MB), "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none", "-kernel", kernel, "-initrd", initramfs, "-append", _PARAMETERS,
            "-serial", f"file:{console}", "-serial", f"file:{output}",
        ]  # fmt: skip
        seconds, problem = self._run(words, limit_s)
        said = output.read_text(errors="replace") if output.exists() else ""
        began = bool(said)
        if problem or not began:
            lines = console.read_text(errors="replace").splitlines() if console.exists() else []
            said += "\n".join(["", "-- the console's last lines:", *lines[-_CONSOLE_LINES:], ""])
        return Ended(said, seconds, problem, began)

    def in_chroot(self, root: Root, job: Path, command: str, limit_s: float) -> Ended:
        """Run a command in the root on the running kernel; what it writes there is forgotten."""
        with tempfile.TemporaryDirectory(dir=root.tree.parent) as folder:
            place = Path(folder)
            for name in ("upper", "work", "merged"):
                (place / name).mkdir()
            shutil.copytree(job, place / "upper" / JOB)
            # a mount namespace of its own: nothing that is mounted there can be removed from here
            words: list[str | Path] = [
                "unshare", "--mount", "--propagation", "private",
                "sh", _HERE / "enter", root.tree, place, f"cd /{JOB} && {command}",
            ]  # fmt: skip
            output = place / "output"
            with output.open("wb") as stream:
                seconds, problem = self._run(words, limit_s, stream.fileno())
            return Ended(output.read_text(errors="replace"), seconds, problem)

    def stop(self) -> None:
        """End what runs, and start nothing any more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                os.killpg(process.pid, signal.SIGKILL)

    def _run(
        self, words: Sequence[str | Path], limit_s: float, output: int = subprocess.DEVNULL
    ) -> tuple[float, str]:
        """Run in a process group of its own, which is ended with it.

        Returns:
            Seconds, and what went wrong.

        Raises:
            MatrixError: There is no such program.
        """
        started_s = time.monotonic()
        with self._lock:
            if self._stopped:
                return 0.0, "stopped"
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except FileNotFoundError:
                raise MatrixError(f"{words[0]} is not installed") from None
            self._running.add(process)
        problem = ""
        try:
            code = process.wait(limit_s)
            problem = f"{words[0]} ended with exit code {code}" if code else ""
        except subprocess.TimeoutExpired:
            problem = f"no end within {limit_s:.0f} s"
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with self._lock:
            self._running.discard(process)
        return time.monotonic() - started_s, problem


def _initramfs(root: Root, job: Path, command: str, place: Path) -> Path:
    """The root's archive with the job's behind it: the kernel unpacks one after the other."""
    layer = place / "layer"
    shutil.copytree(job, layer / JOB)
    shutil.copy(_HERE / "init", layer / "init")
    (layer / "init").chmod(0o755)
    (layer / JOB / "command").write_text(command)
    names = [str(path.relative_to(layer)) for path in layer.rglob("*")]
    pack_cpio(layer, names, place / "layer.cpio")
    whole = place / "initramfs"
    with whole.open("wb") as stream:
        for part in (root.initramfs, place / "layer.cpio"):
            with part.open("rb") as archive:
                shutil.copyfileobj(archive, stream, 1 << 20)
    return whole
