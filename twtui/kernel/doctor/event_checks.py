"""The doctor's questions about what programs can be attached to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from twtui.kernel.doctor.check import Answer, no, unknown, yes
from twtui.kernel.run.tracefs import explain_tracefs, mounted_tracefs
from twtui.kernel.run.triggers import open_cycles

_LACKS = (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV)


def tracefs() -> Answer:
    """Whether tracefs is there for us."""
    if place := mounted_tracefs():
        return yes(str(place))
    raise explain_tracefs()


def hardware_counters(open_event: Callable[[], int] = open_cycles) -> Answer:
    """Whether the processor's counters can be had: a virtual machine often has none.

    Args:
        open_event: Opens a counter of cycles.
    """
    try:
        os.close(open_event())
    except OSError as error:
        if error.errno in _LACKS:
            return no(
                "this machine has none: samples go by the clock",
                "give a virtual machine a PMU, or stay with --trigger sample",
            )
        return unknown(error.strerror or str(error), "run twtui doctor with sudo")
    return yes("cycles are counted")
