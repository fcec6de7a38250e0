"""Presets: each is a plan that can run, and says whether a process has what it needs."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from twtui.commands.presets import Subject, report
from twtui.mapped_files import mapped_files
from twtui.model.capture import Read, parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import Plan, Target
from twtui.model.presets import PRESETS, Answer, Pair, Preset, availability
from twtui.model.reference import CAPTURE_FORMS, TRIGGER_FORMS
from twtui.model.trigger import SAMPLE_EVENTS, TriggerKind, parse_trigger

LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
SSL = "/usr/lib/x86_64-linux-gnu/libssl.so.3"


@pytest.mark.parametrize("preset", PRESETS.values(), ids=str)
def test_every_preset_is_a_plan_that_passes_its_checks(preset: Preset) -> None:
    plan = Plan(
        (Target(7),),
        preset.watches(),
        preset.map_kinds or tuple(MapKind),
        preset.mode or Mode.RESUME,
        preset.defer or Defer.ALWAYS,
    )
    assert Plan.from_wire(json.loads(json.dumps(plan.check().to_wire()))) == plan


def test_a_rate_reaches_the_samples_only() -> None:
    assert {watch.trigger.rate_hz for watch in PRESETS["oncpu"].watches(7)} == {7}
    assert {watch.trigger.period for watch in PRESETS["oncpu"].watches(7, 100)} == {100}
    assert {watch.trigger.rate_hz for watch in PRESETS["files"].watches(7)} == {0}


def test_paths_are_at_the_argument_where_the_kernel_takes_them() -> None:
    """By the names: what ends in ``at`` takes a directory first."""
    for pair in PRESETS["files"].pairs:
        name = pair.trigger.removeprefix("syscall:")
        if name.endswith(("at", "at2", "statx")) and name not in ("newstat", "newlstat"):
            assert pair.capture != "str(arg1)", name
    seen = Counter(pair.trigger for pair in PRESETS["files"].pairs)
    assert {name for name, times in seen.items() if times > 1} == {
        f"syscall:{name}" for name in ("rename", "renameat", "renameat2")
    }


@pytest.mark.parametrize(
    ("name", "files", "answer"),
    [
        ("files", [], Answer.YES),
        ("oncpu", None, Answer.YES),
        ("tls", [LIBC, SSL], Answer.YES),
        ("tls", ["/opt/libssl-1.1.so.1"], Answer.YES),
        ("tls", [LIBC, "/usr/lib/libsslish.so.3", "/srv/libssl.so.3.txt"], Answer.NO),
        ("tls", None, Answer.UNKNOWN),
        ("python", ["/usr/bin/python3.11"], Answer.YES),
        ("python", ["/usr/lib/libpython3.13.so.1.0"], Answer.YES),
        ("python", ["/usr/local/bin/python3.13d"], Answer.YES),
        ("python", ["/usr/lib/pythonista"], Answer.NO),
        ("python", None, Answer.UNKNOWN),
    ],
)
def test_a_process_has_what_a_preset_needs_or_not(
    name: str, files: list[str] | None, answer: Answer
) -> None:
    found = availability(PRESETS[name], files)
    assert found.answer is answer
    assert bool(found.reason) is (answer is not Answer.YES)


def test_without_tracefs_there_are_no_system_calls() -> None:
    names = [name for name in PRESETS if availability(PRESETS[name], [SSL], False).answer == "no"]
    assert names == ["files", "writes", "exec", "python"]


def test_one_of_several_optional_libraries_is_enough() -> None:
    pairs = tuple(Pair(f"uprobe:{lib}:f", "none", True) for lib in ("liba", "libb"))
    preset = Preset("x", "", pairs)
    assert availability(preset, ["/lib/libb.so.1"]).answer is Answer.YES
    assert availability(preset, []).answer is Answer.NO
    strict = Preset("x", "", (*pairs, Pair("uprobe:libc:f", "none")))
    assert availability(strict, ["/lib/libb.so.1"]).answer is Answer.NO


def test_mapped_files_are_those_of_the_process(tmp_path: Path) -> None:
    found = mapped_files(os.getpid())
    assert found is not None
    assert str(Path(sys.executable).resolve()) in found
    assert not any(path.startswith("[") for path in found)
    assert mapped_files(1 << 30) is None


def test_the_report_says_it_in_words_and_in_json() -> None:
    subjects = [Subject(Target(7, 1, "\x1b[31mred"), frozenset([LIBC]))]
    text = report(PRESETS, subjects, [], as_json=False)
    assert "no on 7" in text
    assert "it has not mapped libssl" in text
    assert "\x1b" not in text
    shown = json.loads(report(PRESETS, subjects, [], as_json=True))["presets"]
    tls = next(preset for preset in shown if preset["name"] == "tls")
    assert tls["available"] == [{"pid": 7, "answer": "no", "reason": "it has not mapped libssl"}]
    assert tls["defer"] == "fault"


def test_an_obstacle_stands_in_the_way_of_all() -> None:
    checks = [
        {"name": "privileges", "answer": "no", "detail": "not root", "fix": "sudo", "required": True}
    ]  # fmt: skip
    text = report(PRESETS, [Subject(Target(7), frozenset())], checks, as_json=False)
    assert text.count("no on 7: not root") == len(PRESETS)


def test_every_form_of_the_manual_parses_and_every_kind_has_one() -> None:
    kinds = {parse_trigger(text).kind for form in TRIGGER_FORMS for text in form.examples}
    assert kinds == set(TriggerKind)
    texts = {text for form in TRIGGER_FORMS for text in form.examples}
    assert {str(parse_trigger(f"sample:{name}")) for name in SAMPLE_EVENTS} <= texts
    for form in CAPTURE_FORMS:
        for text in form.examples:
            assert str(parse_capture(text)) == text
    reads = {parse_capture(text).read for form in CAPTURE_FORMS for text in form.examples}
    # the sentence about numbers says "u8 to u64", "i8 to i64"
    assert all(re.fullmatch("[iu](8|16|32|64)", read) for read in set(Read) - reads)
