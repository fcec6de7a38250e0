"""What the made-up target has in its memory: paths, queries, stacks, and now and then hostile bytes."""

from __future__ import annotations

import struct
from random import Random
from typing import NamedTuple

from twtui.model.capture import NUMBER_BYTES, BaseKind, Capture, Read

_PATHS = (
    "/etc/nginx/nginx.conf",
    "/var/lib/postgresql/16/main/base/16384/2619",
    "/proc/self/status",
    "/usr/share/zoneinfo/Europe/Berlin",
    "/srv/www/static/app.4f2a9c.css",
    "/etc/ssl/certs/ca-certificates.crt",
    "/home/ada/Übersicht/Zürich.csv",
    "/tmp/upload-{number}.part",
    "/var/log/app/access.log.{number}",
)
_QUERIES = (
    "SELECT id, name FROM customers WHERE id = {number}",
    "UPDATE carts SET total = {number}.50 WHERE session = 'a81f'",
    "GET /api/v2/orders/{number}?expand=items HTTP/1.1\r\nHost: shop.example\r\n\r\n",
    '{"event":"login","user":{number},"ok":true}',
    "SET session:{number} active EX 3600",
)
_HOSTILE = (
    b"\x1b[2J\x1b[31mnot red\x1b[0m\x07",
    "invoice\u202egnp.exe".encode(),
    b"\xff\xfe\x80 not utf-8 \xc0\xaf",
    b"[bold red]markup[/] \\[x]",
    b"tab\tnewline\ncarriage\rnull-ish \x01\x02\x7f",
)
_LONG = "SELECT " + ", ".join(f"t{column}.value AS column_{column}" for column in range(220))


class Memory(NamedTuple):
    """What one read finds."""

    data: bytes
    wanted_bytes: int
    """What the target had."""
    result: int
    """What the read answers: bytes, with a string's NUL."""


def content(random: Random, capture: Capture, max_bytes: int) -> Memory:
    """What a capture reads, from the memory that the target might have."""
    if capture.read is Read.STRING:
        whole = _text(random)
        data = whole[:max_bytes]
        return Memory(data, len(whole), min(len(whole) + 1, max_bytes))
    if capture.read is Read.BYTES:
        wanted = capture.length.value
        if capture.length.kind is not BaseKind.CONSTANT:
            wanted = random.choice((1, 17, 64, 180, 4096))
        data = _stack(random, min(wanted, max_bytes)) if _is_stack(capture) else _text(random)
        data = (data * (1 + wanted // max(len(data), 1)))[: min(wanted, max_bytes)]
        return Memory(data, wanted, len(data))
    if capture.read is Read.STACK:
        frames = [0x5581_2000_0000 + random.randrange(1 << 18) for _ in range(random.randint(3, 9))]
        whole = struct.pack(f"<{len(frames)}Q", *frames)
        data = whole[: max_bytes & ~7]
        return Memory(data, len(whole), len(data))
    size = NUMBER_BYTES[capture.read]
    number = random.choice((0, 1, 3, 255, random.getrandbits(size * 8)))
    return Memory((number % (1 << size * 8)).to_bytes(size, "little"), size, size)


def _is_stack(capture: Capture) -> bool:
    return capture.base.name in ("sp", "rsp", "fp", "rbp")


def _text(random: Random) -> bytes:
    kind = random.random()
    if kind < 0.03:
        return random.choice(_HOSTILE)
    if kind < 0.05:
        return _LONG.encode()
    if kind < 0.06:
        return b""
    text = random.choice(_PATHS if kind < 0.6 else _QUERIES)
    return text.replace("{number}", str(random.randint(1000, 9999))).encode()


def _stack(random: Random, size: int) -> bytes:
    words = (
        random.choice(
            (
                0,
                1,
                random.randrange(1 << 16),
                0x7FFC_0000_0000 + random.randrange(1 << 24) * 8,
                0x5581_2000_0000 + random.randrange(1 << 18),
            )
        )
        for _ in range(size // 8 + 1)
    )
    return b"".join(struct.pack("<Q", word) for word in words)[:size]
