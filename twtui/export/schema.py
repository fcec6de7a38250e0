"""The JSON Schema of the lines that ``record --json`` and ``export -f jsonl`` print."""

from __future__ import annotations

from typing import Any

from twtui.export.json_lines import SCHEMA
from twtui.model.enums import Defer, MapKind, Mode, TargetState
from twtui.model.ledger import COUNTER_NAMES

_COUNT = {"type": "integer", "minimum": 0}
_WORD = {"type": "string"}
_FLAG = {"type": "boolean"}
_OUTCOME = {
    "description": "how a read went: ok, the name of an errno, or null when it was not tried",
    "type": ["string", "null"],
    "pattern": "^(ok|other|E[A-Z0-9]+|errno [0-9]+)$",
}
_MODE = {"enum": [str(mode) for mode in Mode]}
_NS = {"type": ["integer", "null"], "minimum": 0}


def _object(fields: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
    }


def _rows(value: dict[str, Any]) -> dict[str, Any]:
    """Map kind, then mode, then the value."""
    modes = {"type": "object", "propertyNames": _MODE, "additionalProperties": value}
    kinds = {"enum": [str(kind) for kind in MapKind]}
    return {"type": "object", "propertyNames": kinds, "additionalProperties": modes}


_LEDGER = _rows(
    _object(
        {
            **dict.fromkeys(COUNTER_NAMES, _COUNT),
            "errors": {"type": "object", "additionalProperties": _COUNT},
        }
    )
)
_PLAN = _object(
    {
        "targets": {"type": "array", "items": _object({"pid": _COUNT, "name": _WORD})},
        "watches": {"type": "array", "items": _object({"trigger": _WORD, "capture": _WORD})},
        "map_kinds": {"type": "array", "items": {"enum": [str(kind) for kind in MapKind]}},
        "mode": _MODE,
        "defer": {"enum": [str(defer) for defer in Defer]},
        "max_bytes": _COUNT,
        "slots": _COUNT,
        "buffer_bytes": _COUNT,
    }
)
_HEADER = _object(
    {
        "type": {"const": "header"},
        "schema": {"const": SCHEMA},
        "version": _WORD,
        "backend": _WORD,
        "kernel": _WORD,
        "kfunc_variant": _WORD,
        "bcc": _WORD,
        "argv": {"type": "array", "items": _WORD},
        "plan": _PLAN,
        "clock_offset_ns": {
            "description": "CLOCK_REALTIME less CLOCK_MONOTONIC: add it to ts_ns for the date",
            "type": "integer",
        },
    }
)
_PYTHON_FRAME = _object({"function": _WORD, "file": _WORD, "line": {"type": "integer"}})
_EVENT = _object(
    {
        "type": {"const": "event"},
        "ts_ns": {"description": "of the trigger, CLOCK_MONOTONIC", **_COUNT},
        "pid": _COUNT,
        "tid": _COUNT,
        "comm": _WORD,
        "cpu": _COUNT,
        "map": {"enum": [str(kind) for kind in MapKind]},
        "mode": _MODE,
        "trigger": _WORD,
        "capture": _WORD,
        "delay_ns": {
            "description": "from schedule to callback; null when nothing was deferred",
            "type": ["integer", "null"],
        },
        "nofault": _OUTCOME,
        "read": _OUTCOME,
        "len": _COUNT,
        "truncated": _FLAG,
    },
    {
        "address": {"description": "that was read", **_COUNT},
        "ran_cpu": _COUNT,
        "wanted": {"description": "bytes that the target had, when more", **_COUNT},
        "gone": {"description": "the memory of the trigger was gone", **_FLAG},
        "kept": {"description": "the data is the copy from the trigger", **_FLAG},
        "text": {"description": "the data, where it is UTF-8", **_WORD},
        "hex": {"description": "the data, where it is not", "type": "string", "pattern": "^([0-9a-f]{2})*$"},
        "value": {"type": "integer"},
        "registers": {
            "description": "of the user at the trigger, by name, as hexadecimal numbers",
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": "^0x[0-9a-f]+$"},
        },
        "frames": {"type": "array", "items": {"anyOf": [_WORD, _PYTHON_FRAME]}},
    },
)  # fmt: skip
_READING = _object(
    {
        "type": {"const": "reading"},
        "ts_ns": _COUNT,
        "mode": {"enum": ["", *(str(mode) for mode in Mode)]},
        "quiet": {"description": "nothing moved while it was taken", **_FLAG},
        "ledger": _LEDGER,
        "histogram": {
            "description": "from schedule to callback: pairs of the least ns of a bucket, and a count",
            **_rows({"type": "array", "items": {"type": "array", "items": _COUNT}}),
        },
        "targets": {
            "type": "array",
            "items": _object(
                {
                    "pid": _COUNT,
                    "name": _WORD,
                    "threads": _COUNT,
                    "state": {"enum": [str(state) for state in TargetState]},
                }
            ),
        },
        "backlog_bytes": _COUNT,
    }
)
_SUMMARY = _object(
    {
        "type": {"const": "summary"},
        "ledger": _LEDGER,
        "latency": _rows(_object(dict.fromkeys(("p50", "p90", "p99", "max"), _NS))),
        "invariants": {"type": "object", "additionalProperties": _FLAG},
        "duration_ns": _COUNT,
    },
    {
        "unwritten": {"description": "events left out, as they were read too slowly", **_COUNT},
        "cut_off": {"description": "the end of the run is not in the lines", **_FLAG},
        "error": {"description": "why the run failed", **_WORD},
    },
)

LINE_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A line of twtui record --json",
    "description": "First a header, then events in the order in which they came and readings of all "
    "counters, last a summary. A field may be added without a new schema number.",
    "oneOf": [_HEADER, _EVENT, _READING, _SUMMARY],
}
"""Of one line."""
