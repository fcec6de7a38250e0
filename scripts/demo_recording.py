"""Makes the recording that ``twtui demo`` shows where the kernel will not do: a live run. As root."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace

from twtui.backend.live import LiveBackend
from twtui.commands.demo import RECORDING, Workload
from twtui.engine import Engine
from twtui.model.capture import parse_capture
from twtui.model.enums import Mode
from twtui.model.plan import Command, Plan, Probe, SetMode, Stop, Target, Watch
from twtui.model.trigger import parse_trigger
from twtui.processes import find_target
from twtui.recording import Options, Recorder

_RATE_HZ = 23
_SECONDS = 21.0
_SCRIPT: tuple[tuple[float, Command], ...] = (
    (5.0, Probe()),
    (8.0, SetMode(Mode.SIGNAL)),
    (11.0, Probe()),
    (15.0, SetMode(Mode.RESUME)),
    (_SECONDS, Stop()),
)
_MOST_BYTES = 300_000


def _record(workload: Workload) -> None:
    watch = Watch(parse_trigger("sample", _RATE_HZ), parse_capture(workload.capture))
    target = Target(workload.pid, 0, find_target(workload.pid).name)
    plan = Plan((target,), (watch,))
    recorder = Recorder(plan, ("twtui", "demo"), host="")
    engine = Engine(LiveBackend(), plan, lambda _: None, observers=(recorder.observe,))
    info = engine.open()
    # what is built into the release is nobody's business
    release = re.match(r"[0-9.]*[0-9]", info.kernel)
    recorder.start(
        RECORDING, replace(info, kernel=release[0] if release else ""), Options(force=True)
    )
    started = time.monotonic()
    waiting = list(_SCRIPT)
    while engine.step():
        if waiting and time.monotonic() - started >= waiting[0][0]:
            engine.submit(waiting.pop(0)[1])
    if engine.failure:
        raise engine.failure


def main() -> None:
    """Write it, and say how large it is."""
    RECORDING.parent.mkdir(exist_ok=True)
    with Workload() as workload:
        _record(workload)
    RECORDING.chmod(0o644)
    size = RECORDING.stat().st_size
    sys.stdout.write(f"{size} bytes\n")
    if size > _MOST_BYTES:
        raise SystemExit("that is too large to be shipped")


if __name__ == "__main__":
    main()
