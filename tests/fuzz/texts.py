"""What a person, a config file or a plan writes: expressions, quantities, words of the command line."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.unit.support import event, plan
from twtui.errors import TwtuiError
from twtui.model import fold
from twtui.model.assertion import parse_assertion
from twtui.model.capture import parse_capture
from twtui.model.filter import parse_filter
from twtui.model.pattern import Pattern
from twtui.model.pattern_syntax import PatternError
from twtui.model.plan import Plan, SetCapture, command_from_wire, command_to_wire
from twtui.model.redaction import Redaction
from twtui.model.trigger import parse_trigger
from twtui.settings.config_file import Place, read_config
from twtui.settings.options import options_of
from twtui.settings.quantities import duration_ns, factor, pids, size_bytes, whole_number
from twtui.settings.table import (
    COMMANDS,
    SETTINGS,
)

from .harness import (
    Harness,
    changed_bytes,
    changed_json,
    hostile_bytes,
    hostile_texts,
    json_values,
    words_of,
)

_EVENT = event(data=b"/etc/passwd \x1b[31m \xff" * 20, comm=b"\x1b[2J")
_SNAPSHOT = fold.snapshot(fold.starting(plan()))
_SEARCHED = "aab\x1b[31m\n\u202e" * 50


def _capture(text: str) -> None:
    found = parse_capture(text)
    assert parse_capture(str(found)) == found


def _trigger(text: str) -> None:
    found = parse_trigger(text)
    assert str(parse_trigger(str(found))) == str(found)


def _filter(text: str) -> None:
    found = parse_filter(text)
    found.matches(_EVENT, "sample", "str(arg2)", {})
    assert parse_filter(str(found)) == found


def _assertion(text: str) -> None:
    parse_assertion(text).failure(_SNAPSHOT)


def _pattern(text: str) -> None:
    try:
        Pattern(text, ignore_case=True).search(_SEARCHED)
    except PatternError as error:
        raise TwtuiError(error.message) from None


def _redaction(text: str) -> None:
    Redaction(text[:12])


def _quantities(text: str) -> None:
    parsers: tuple[Callable[[str], Any], ...] = (
        duration_ns, size_bytes, factor, whole_number, pids,
    )  # fmt: skip
    for parse in parsers:
        with contextlib.suppress(TwtuiError):
            parse(text)


def _command_line(given: tuple[str, list[str]]) -> None:
    command, words = given
    if {"-h", "--help", "-V", "--version"} & set(words):
        return
    options_of(command, words, {"TWTUI_CONFIG": "/dev/null"})


_file = Path(tempfile.mkdtemp(prefix="twtui-fuzz-")) / "config.toml"


def _config(content: bytes) -> None:
    _file.write_bytes(content)
    try:
        read_config(Place(_file, by_name=True))
    finally:
        os.truncate(_file, 0)


_CONFIG = b"""\
map = "all"
frequency = 99
max-bytes = 1024
redact = "pass.*"
no-data = true

[presets.mine]
description = "what I want"
needs = "nothing"
watch = [{ trigger = "syscall:openat", capture = "str(arg2)", optional = true }, { trigger = "sample", capture = "stack" }]
map = "hash,array"
mode = "resume"
defer = "fault"
max-bytes = 64
children = true

[keys]
mode = "M"
"""
_toml = st.lists(
    st.tuples(
        st.sampled_from([s.name for s in SETTINGS]) | st.just("watch") | hostile_texts,
        json_values,
    ),
    max_size=4,
).map(
    lambda rows: "".join(
        f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in rows
    ).encode()
)


def _plan(fields: Any) -> None:
    if isinstance(fields, dict):
        found = Plan.from_wire(fields)
        assert Plan.from_wire(json.loads(json.dumps(found.to_wire()))) == found


def _command(fields: Any) -> None:
    if isinstance(fields, dict):
        command_from_wire(fields)


_commands = [
    command_to_wire(SetCapture(0, parse_capture("str(arg2)"))),
    {"command": "mode", "mode": "signal"},
    {"command": "maps", "map_kinds": ["hash"]},
    {"command": "stop"},
]
_words = [f"--{setting.name}" for setting in SETTINGS] + [
    f"-{setting.short}" for setting in SETTINGS if setting.short
]

TEXTS: dict[str, Harness] = {
    "capture expressions": Harness(
        words_of(
            "str", "bytes", "u64", "i8", "ptr", "none", "stack", "python", "(", ")", ",", " ", "+",
            "-", "*", "arg1", "arg6", "ret", "sp", "rdi", "x29", "entry.", "sym:", "environ", "@arg_start",
            "0x", "9", "0", "18446744073709551616", "4096",
        ),
        _capture,
        sound="str(*(arg2+8))",
    ),
    "triggers": Harness(
        words_of(
            "sample", "probe", "syscall", "tracepoint", "uprobe", "uretprobe", ":", "openat", "exit", "2hz",
            "99999999999hz", "libc", "/x", "+", "0x10", "malloc", " ", "cycles",
        ),
        _trigger,
        sound="uprobe:/usr/lib/libc.so.6:malloc+16",
    ),
    "filters": Harness(
        words_of(
            "pid:", "tid:", "comm:", "map:", "mode:", "trigger:", "delay", "<", ">=", "100us", "rescued", "!",
            "(", ")", " or ", " and ", " ", '"', "text~/", "/", "i", "a*", "[", "]", ",", "\\", "text:", "1",
        ),
        _filter,
        sound="pid:1 or !(comm:ng* text~/a+/i)",
    ),
    "assertions": Harness(
        words_of(
            "p99", "p50.5", "max", "(", ")", "resume", "signal", "hash", " ", "<", "<=", "==", "!=", "lost", "errors",
            "EFAULT", "duration", "events", "broken", "1ms", "1e9", "9" * 400, "0", ".", ",", "µs",
        ),
        _assertion,
        sound="p99(resume) < 1ms",
    ),
    "patterns": Harness(
        words_of(
            "(", "(?:", ")", "|", "*", "+", "?", "{", "}", "{3,9}", "{,99}", "[", "^", "]", "a-z", "\\d", "\\b", "\\x",
            ".", "$", "a", "(?i)", "\\u202e", "(a+)+", "[[:alpha:]]", "&&", "--",
        ),
        _pattern,
        2,
        "(?i)a{1,3}[^x]$",
    ),
    "redactions": Harness(words_of("(", ")", "[", "a", "*", "\\", "x", "{2}"), _redaction, sound="a.*"),
    "durations and sizes": Harness(
        words_of("1", "9" * 15, ".", "5", "ms", "s", "us", "k", "g", "ib", "b", " ", ",", "-", "²"),
        _quantities,
    ),
    "command lines": Harness(
        st.tuples(
            st.sampled_from(list(COMMANDS)),
            st.lists(st.sampled_from(_words) | hostile_texts | st.just("1"), max_size=6),
        ),
        _command_line,
        sound=("record", ["-p", "1", "--trigger", "sample"]),
    ),
    "config files": Harness(
        st.one_of(changed_bytes(_CONFIG), _toml, hostile_bytes), _config, 2, _CONFIG
    ),
    "plans": Harness(
        changed_json(plan("uprobe:/x:f", "str(arg2)", threads=(7,)).to_wire()), _plan, 2, plan().to_wire()
    ),
    "commands": Harness(
        st.sampled_from(_commands).flatmap(changed_json) | json_values, _command, sound=_commands[0]
    ),
}  # fmt: skip
