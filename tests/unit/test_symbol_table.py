"""A table of symbols as bytes: searched by name and by address, however large or broken."""

from __future__ import annotations

from twtui.kernel.names.symbol_table import SymbolTable


def test_a_name_without_end_is_cut() -> None:
    entry = (1).to_bytes(4, "little") + b"\x12\0\1\0" + bytes(8) + (16).to_bytes(8, "little")
    table = SymbolTable(entry, b"\0" + b"x" * 100_000)
    found = table.function_at(3)
    assert found is not None
    assert len(found.name) == 4096


def test_among_a_hundred_thousand_symbols_the_whole_name_counts() -> None:
    entries, strings = [], bytearray(b"\0")
    for number in range(100_000):
        at = len(strings)
        strings += b"some_namespace_function_%d\0" % number
        entries.append(
            at.to_bytes(4, "little") + b"\x12\0\1\0" + (number * 16).to_bytes(8, "little")
        )
    symbols = b"".join(entry + (16).to_bytes(8, "little") for entry in entries)
    table = SymbolTable(symbols, bytes(strings))
    (found,) = table.find("some_namespace_function_99999")
    assert found.address == 99999 * 16
    assert table.find("function_99999") == []
    at_end = table.function_at(99999 * 16 + 15)
    assert at_end is not None
    assert at_end.name == found.name
    assert table.function_at(100_000 * 16) is None
