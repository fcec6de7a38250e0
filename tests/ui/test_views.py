"""Numbers, escaping and the pure views: widths, shares, bins, hints."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from ui_samples import COUNTERS, make_row, make_snapshot

from twtui.harmless import written_out
from twtui.model.enums import MapKind, Mode
from twtui.model.histogram import Histogram
from twtui.model.ledger import Counters
from twtui.model.snapshot import Health, LedgerRow, Rates
from twtui.ui import text
from twtui.ui.escape import escape_bytes, fold, hexdump
from twtui.ui.glyphs import ASCII, UNICODE
from twtui.ui.key_map import AS_SHIPPED
from twtui.ui.keys import KEYS, Where
from twtui.ui.lines import cut, fit, line_width, plain, spread
from twtui.ui.views.callbacks import callbacks_lines, graph
from twtui.ui.views.guide import help_lines
from twtui.ui.views.health import fitting_keys, health_line, key_line
from twtui.ui.views.latency import bins, latency_lines
from twtui.ui.views.reads import reads_lines


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (None, "–"), (0, "0 ns"), (999, "999 ns"), (1_200, "1.2 µs"), (12_000, "12 µs"),
        (9_960, "10 µs"), (1_200_000, "1.2 ms"), (3_400_000_000, "3.4 s"), (-5_000, "-5.0 µs"),
    ],
)  # fmt: skip
def test_durations(nanoseconds: int | None, shown: str) -> None:
    assert text.duration(nanoseconds) == shown


@pytest.mark.parametrize(
    ("number", "width", "shown"),
    [
        (0, 5, "0"), (12_402, 10, "12,402"), (12_402, 6, "12,402"), (12_402, 5, "12.4k"),
        (999_999_999_999, 10, "1000G"), (4_294_967_296, 10, "4.3G"),
    ],
)  # fmt: skip
def test_counts_get_shorter_rather_than_wider(number: int, width: int, shown: str) -> None:
    assert text.count(number, width) == shown


@settings(deadline=None)
@given(st.integers(0, 10**17))
def test_a_count_always_fits_its_column(number: int) -> None:
    assert len(text.count(number, 6)) <= 6


def test_shares_are_never_rounded_to_all_or_nothing() -> None:
    assert text.percent(0.99999) == "99.9 %"
    assert text.percent(0.00001) == "0.1 %"
    assert text.percent(1.0) == "100 %"
    assert text.percent(0.614) == "61 %"


def test_sizes_rates_and_clocks() -> None:
    assert text.size(512) == "512 B"
    assert text.size(8 << 20) == "8.0 MiB"
    assert text.rate(99.04) == "99.0 /s"
    assert text.rate(12_400) == "12.4k/s"
    assert text.stopwatch(3_723_999_000_000) == "01:02:03"
    assert text.plural(1, "thread") == "1 thread"
    assert text.plural(1_200, "thread") == "1,200 threads"


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_escaped_bytes_hold_nothing_that_a_terminal_acts_on(data: bytes) -> None:
    for character in escape_bytes(data):
        assert character.isprintable()
        assert unicodedata.category(character)[0] not in "CM"


@settings(deadline=None)
@given(st.binary(max_size=64), st.binary(max_size=64))
def test_escaping_is_one_to_one(first: bytes, second: bytes) -> None:
    assert (escape_bytes(first) == escape_bytes(second)) == (first == second)


@settings(deadline=None)
@given(st.text(max_size=40), st.integers(0, 50))
def test_fitted_text_has_exactly_its_width(name: str, width: int) -> None:
    assert cell_len(fit(written_out(name), width)) == width


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b'say "hi"\\', r'say "hi"' + "\\\\"),
        (b"a\n\t\0\x7f", r"a\n\t\0\x7f"),
        ("é日本".encode(), "é日本"),
        ("e\u0301".encode(), r"e\u0301"),
        ("\u202egnp.exe".encode(), r"\u202egnp.exe"),
        (b"\xff\xc3", r"\xff\xc3"),
        ("\U000e0001".encode(), r"\U000e0001"),
    ],
)
def test_escapes(data: bytes, shown: str) -> None:
    assert escape_bytes(data) == shown


def test_a_limit_does_not_make_up_broken_characters() -> None:
    data = "日本語".encode()
    assert escape_bytes(data, 6) == "日本"
    for limit in (3, 4, 5):
        assert escape_bytes(data, limit) == "日"


@settings(deadline=None)
@given(st.binary(max_size=80), st.integers(10, 40))
def test_folding_loses_nothing_and_breaks_no_escape(data: bytes, width: int) -> None:
    escaped = escape_bytes(data)
    lines = list(fold(escaped, width))
    assert "".join(lines) == escaped
    assert all(cell_len(line) <= width for line in lines)
    # A line that ends inside an escape ends in an odd number of backslashes.
    assert all((len(line) - len(line.rstrip("\\"))) % 2 == 0 for line in lines)


def test_hexdump_rows() -> None:
    rows = list(hexdump(bytes(range(0x41, 0x41 + 18))))
    assert rows[0][0] == "0000"
    assert rows[0][1].startswith("41 42 43 44 45 46 47 48  49")
    assert rows[0][2] == "ABCDEFGHIJKLMNOP"
    assert rows[1] == ("0010", f"{'51 52':<23}  {'':<23}", "QR")


def test_lines_are_cut_and_spread_to_the_cell() -> None:
    line = (("abc", ""), ("日本語", "dim"))
    assert plain(cut(line, 9)) == "abc日本語"
    assert line_width(cut(line, 6)) == 6
    assert plain(spread((("left", ""),), (("right", ""),), 12)) == "left   right"
    assert line_width(spread((("a" * 50, ""),), (("right", ""),), 20)) == 20


@pytest.mark.parametrize("width", range(60, 220, 7))
def test_callback_rows_are_aligned_and_never_wider_than_the_pane(width: int) -> None:
    snapshot = make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))
    lines = callbacks_lines(snapshot, width, UNICODE, frozenset(map(str, MapKind)))
    widths = {line_width(line) for line in lines[:-1]}
    assert len(widths) == 1
    assert widths.pop() <= width
    header = plain(lines[0])
    assert plain(lines[1])[: header.index("completed") + 9].endswith("12,396")


def test_large_counters_stay_in_their_columns() -> None:
    huge = replace(COUNTERS, fired=10**15, scheduled=10**15, completed=10**14, busy=10**12)
    snapshot = make_snapshot(rows=(make_row(MapKind.HASH, Mode.RESUME, huge),))
    lines = callbacks_lines(snapshot, 120, UNICODE, frozenset())
    assert line_width(lines[0]) == line_width(lines[1]) <= 120


def test_the_graph_marks_the_seconds_in_which_callbacks_fell_behind() -> None:
    seconds = [Rates(), Rates(100.0, 100.0, 100.0), Rates(50.0, 50.0, 10.0)]
    spans = graph(seconds, 5, UNICODE, "resume")
    assert spans == [("  ", ""), (" █", "resume"), ("▄", "behind")]


WARM = LedgerRow(
    (MapKind.HASH, Mode.RESUME),
    Counters(fired=4_321, not_needed=4_300, busy=21),
    Rates(fired=150.0, not_needed=150.0),
    (Rates(fired=150.0, not_needed=150.0),) * 9,
)
"""Nearly every read at the trigger was enough."""


@pytest.mark.parametrize("width", [78, 116, 125, 196])
def test_what_was_not_needed_is_said_at_every_width(width: int) -> None:
    head, row, _ = callbacks_lines(make_snapshot(rows=(WARM,)), width, UNICODE, frozenset())
    for title, number in (("fired", "4,321"), ("not needed", "4,300")):
        end = plain(head).index(title) + len(title)
        assert plain(row)[:end].endswith(f" {number}")
    assert line_width(head) == line_width(row) <= width


def test_zeros_make_room_for_it_first() -> None:
    lossy = replace(WARM, counters=replace(WARM.counters, lost=7))
    head, *_ = callbacks_lines(make_snapshot(rows=(lossy,)), 78, UNICODE, frozenset())
    assert " lost" in plain(head)
    assert "cancelled" not in plain(head)


def test_what_was_not_needed_counts_in_graph_and_rate() -> None:
    _, row, _ = callbacks_lines(make_snapshot(rows=(WARM,)), 116, UNICODE, frozenset())
    assert plain(row).endswith("█" * 9 + "     150 /s")


def test_bins_stay_put_and_fit() -> None:
    powers: list[dict[int, int]] = [dict.fromkeys(range(12, 25), 1), {}]
    assert bins(powers, 13) == (range(12, 25, 1), 1)
    starts, step = bins(powers, 5)
    assert len(starts) <= 5
    assert starts[0] % step == 0
    assert bins([{}, {}], 5) == (range(0), 1)


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, 400), st.integers(1, 10**9), max_size=30),
    st.integers(30, 120),
    st.integers(1, 20),
)
def test_latency_lines_fit_any_pane(counts: dict[int, int], width: int, height: int) -> None:
    histogram = Histogram(counts)
    rows = {(MapKind.HASH, Mode.RESUME): histogram, (MapKind.ARRAY, Mode.SIGNAL): histogram}
    lines = latency_lines(make_snapshot(latency=rows), width, height, UNICODE)
    assert len(lines) <= height
    assert all(line_width(line) <= width for line in lines)


def test_latency_merges_map_kinds_and_keeps_modes_apart() -> None:
    lines = [
        plain(line)
        for line in latency_lines(make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL)), 60, 10, UNICODE)
    ]
    assert lines[0].endswith("█ resume ▒ signal")
    assert lines[5].split()[-2:] == ["2,463", "2,103"]
    assert "▒" in lines[1]


def test_reads_show_shares_of_what_was_tried() -> None:
    lines = [plain(line) for line in reads_lines(make_snapshot(), 60, 8, UNICODE)]
    assert lines[0].endswith("61 %")
    assert lines[1].endswith("99.9 %")
    assert "░" in lines[1]
    assert lines[2].split()[:3] == ["rescued", "◆", "14,493"]


def test_reads_without_reads_show_a_dash() -> None:
    lines = [plain(line) for line in reads_lines(make_snapshot(total=Counters()), 60, 8, UNICODE)]
    assert lines[0].endswith("–")


def test_losses_are_marked_with_a_sign() -> None:
    lossy = make_snapshot(health=Health(dropped=5))
    assert plain(health_line(lossy, 120, UNICODE)).startswith("▲ dropped 5")
    assert plain(health_line(make_snapshot(), 120, UNICODE)).startswith("dropped 0")


def test_key_hints_keep_the_important_ones() -> None:
    keys = AS_SHIPPED.hints(Where.MONITOR, Where.EVERYWHERE)
    for width in (20, 40, 80, 120, 200):
        line = plain(key_line(fitting_keys(keys, width)))
        assert len(line) <= width
        assert "q quit" in line
        assert "m mode" in line
    assert "z zoom" in plain(key_line(fitting_keys(keys, 200)))


def test_every_key_is_in_the_help() -> None:
    shown = "\n".join(plain(line) for line in help_lines(UNICODE, 200))
    for key in KEYS:
        assert key.description in shown
    assert all(line_width(line) <= 60 for line in help_lines(ASCII, 60))


def test_key_ids_are_unique_and_no_place_has_a_key_twice() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    for place in (Where.MONITOR, Where.PICKER, Where.DIALOG):
        keys = [
            name
            for key in KEYS
            if key.where in (place, Where.EVERYWHERE, Where.LIST)
            for name in key.keys.split(",")
        ]
        assert len(set(keys)) == len(keys)
