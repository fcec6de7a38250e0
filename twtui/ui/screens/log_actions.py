"""What the monitor does with the log of a failure: opens it, gives the panes back, copies it."""

from __future__ import annotations

from twtui.ui.run import Run
from twtui.ui.screens.captured_actions import CapturedActions
from twtui.ui.text import plural
from twtui.ui.widgets.log_pane import LogPane

_OF_PANES = frozenset(
    (
        "filter", "drop_filter", "group", "sort", "reverse", "follow", "detail", "split", "zoom",
        "export", "reset", "unreset",
    )
)  # fmt: skip
"""Actions on what the log hides."""


class LogActions(CapturedActions):
    """A screen whose panes make room for a log when the run has failed with one."""

    run: Run
    log_pane: LogPane
    _log_seen = False

    @property
    def log_shown(self) -> bool:
        """The log has the place of the panes."""
        return self.has_class("-log")

    def unzoom(self) -> None:
        """Give the panes their own places again."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw the panes although nothing has changed."""
        raise NotImplementedError

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Nothing is done to panes that cannot be seen."""
        return not (self.log_shown and action in _OF_PANES)

    def offer_log(self) -> None:
        """The first time that there is a log it opens by itself."""
        if self.run.snapshot.log and not self._log_seen:
            self._log_seen = True
            self.action_log()

    def action_log(self) -> None:
        """Show the log of the failure, or the last numbers."""
        log = self.run.snapshot.log
        if not log:
            self.tell("There is no log: nothing has failed, or it said nothing more.")
            return
        self.unzoom()
        self.toggle_class("-log")
        if self.log_shown:
            text = self.key_map.text
            self.log_pane.focus()
            self.call_after_refresh(self.log_pane.show_log, log, text("copy"), text("log"))
        else:
            self.area.shown.focus()
            self.call_after_refresh(self.redraw)

    def action_copy(self) -> None:
        """Copy the log while it is shown, otherwise what the event under the cursor brought."""
        if not self.log_shown:
            super().action_copy()
            return
        text = self.log_pane.log_text
        self.app.copy_to_clipboard(text)
        self.tell(f"Copied the log, {plural(len(text), 'character')}.")
