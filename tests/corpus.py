"""What a hostile process can put in its memory, its name, its command line or its paths: one table for every sink."""

from __future__ import annotations

import unicodedata

CORPUS: dict[str, bytes] = {
    "clear screen": b"\x1b[2J\x1b[H",
    "colour": b"\x1b[31;1mred\x1b[0m",
    "alternate screen": b"\x1b[?1049l\x1bc",
    "window title": b"\x1b]0;owned\x07",
    "clipboard": b"\x1b]52;c;cm0gLXJmIH4K\x1b\\",
    "hyperlink": b"\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "device control": b"\x1bP$q\"p\x1b\\\x1b_app\x1b\\\x1b^pm\x1b\\",
    "answer back": b"\x1b[6n\x1b[c\x05",
    "C1 in UTF-8": "\x9b31m\x9d0;owned\x9c\x90q\x9c".encode(),
    "C1 as bytes": b"\x9b31m\x9d0;owned\x9c",
    "bell and backspace": b"a\x07b\x08\x08\x08c\x7f",
    "carriage return": b"harmless\rrm -rf /",
    "line ends": b"one\ntwo\r\nthree\x0b\x0cfour\n\n",
    "log forgery": b"x\n2026-01-01 00:00:00,000 INFO twtui: all is well\ntwtui: done",
    "tabs": b"a\tb\t\tc",
    "NUL": b"before\0after\0\0",
    "all controls": bytes(range(0x20)) + b"\x7f",
    "all bytes": bytes(range(256)),
    "markup": b"[bold red]x[/] [link=x][@click=app.quit]y[/@click]",
    "broken markup": b"[/] [[ ]] [bold \\[x",
    "bidi overrides": "left\u202egnp.exe\u202c \u202drtl\u202c".encode(),
    "bidi isolates": "\u2066a\u2067b\u2068c\u2069 \u200e\u200f\u061c".encode(),
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg".encode(),
    "line separators": "a\u2028b\u2029c\u0085d".encode(),
    "tag characters": "flag\U000e0001\U000e0041\U000e007f".encode(),
    "variation selectors": "a\ufe0fb\U000e0100".encode(),
    "private use": "\ue000\uf8ff\U000f0000\U0010fffd".encode(),
    "not characters": "\ufffe\uffff\U0001ffff\ufdd0".encode(),
    "replacement character": "\ufffd\ufffc".encode(),
    "spaces of Unicode": "a\u00a0b\u2003c\u3000d\u1680e".encode(),
    "combining": ("e\u0301\u0308\u20dd" * 40).encode(),
    "only combining": ("\u0301\u0488" * 60).encode(),
    "Hangul fillers": "\u3164\u115f\u1160\uffa0".encode(),
    "wide": "日本語、한국어".encode() * 40,
    "emoji with joiners": "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽".encode(),
    "Arabic and Hebrew": "سلام שלום".encode(),
    "invalid UTF-8": b"\xff\xfe\x80ok\xc3",
    "overlong UTF-8": b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf\xc1\x9b",
    "surrogates": b"\xed\xa0\x80\xed\xb0\x80 \xed\xbf\xbf",
    "beyond Unicode": b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80",
    "cut UTF-8": "日本".encode()[:-1],
    "long line": b"x" * 4000,
    "long escapes": b"\x1b" * 4000,
    "formula": b"=1+2",
    "formula plus": b"+1+2",
    "formula minus": b"-1+2",
    "formula at": b"@SUM(1,2)",
    "formula call": b"=cmd|' /C calc'!A0",
    "formula tab": b"\t=1",
    "formula return": b"\r=1",
    "formula line end": b"\n=1",
    "formula spaces": b"   =HYPERLINK(\"http://x\",\"y\")",
    "formula full width": "＝1＋2".encode(),
    "formula later": b"x;=1+2\t=1\n@A1",
    "formula quotes": b"\",=1+2,\"",
    "separators": b"a,b;c|d:e",
    "JSON": b'"}],"type":"summary"}\\',
    "JSON escapes": b"\\ud800\\u0000\\n</script>",
    "SQL": b"'); DROP TABLE events; --",
    "SQL quotes": b"\"'`[x] \\' %27",
    "percent": b"%s%n%d%99999999s %(name)s",
    "braces": b"{} {0.__class__} {x!r:>999999} ${HOME} $(id) `id`",
    "paths": b"../../../../etc/passwd\0.jsonl",
    "option": b"--force -o /etc/passwd",
    "empty": b"",
    "space": b" ",
    "backslashes": b"\\x1b[31m \\\\ \\n",
}  # fmt: skip
NAMES = tuple(CORPUS)


def as_text(data: bytes) -> str:
    """As Python gets names, paths and command lines from the system."""
    return data.decode("utf-8", "surrogateescape")


def as_name(data: bytes) -> bytes:
    """As much of it as the kernel's name of a thread takes, without what ends it."""
    return data.replace(b"\0", b"")[:15]


def harmful(text: str, lines: bool = True) -> set[str]:
    """Characters in a text that a terminal would act on, not show, or not show where they belong.

    Args:
        text: What would be written.
        lines: A line end is fine.
    """
    return {
        character
        for character in text
        if unicodedata.category(character)[0] in "CMZ"
        and character != " "
        and not (lines and character == "\n")
    }
