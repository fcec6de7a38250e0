"""Rows that are worked out a slice at a time, so that no key waits for a whole window of events."""

from __future__ import annotations

import asyncio

from textual.message import Message

from twtui.ui.widgets.rows import RowsPane

_PAUSE_S = 0.005
"""Between two slices. A key takes a dozen turns of the loop from the terminal to the repaint, and a
slice in each of them would make it wait for all; of a window all slices fit between two snapshots."""


class SlicedPane(RowsPane):
    """Does the first slice of its work at once, the rest between keys and repaints."""

    class CaughtUp(Message):
        """What could not be done at once is done."""

    @property
    def behind(self) -> bool:
        """There is more to do."""
        raise NotImplementedError

    def do_slice(self) -> None:
        """Do some of it."""
        raise NotImplementedError

    def settle(self) -> None:
        """Show what has come of it."""
        raise NotImplementedError

    def go_on(self) -> None:
        """See to the rest, if there is any; what was under way for an older window ends."""
        if self.behind:
            self.run_worker(self._catch_up(), group="slices", exclusive=True)

    async def _catch_up(self) -> None:
        while self.behind:
            await asyncio.sleep(_PAUSE_S)
            self.do_slice()
        self.settle()
        self.post_message(self.CaughtUp())
