"""Finds functions and variables of a target by name: file offsets for uprobes, addresses for captures."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import chain

from twtui.errors import UsageError
from twtui.kernel.names.elf import ElfFile
from twtui.kernel.names.instructions import LONGEST_INSTRUCTION, starts_instruction
from twtui.kernel.names.symbol_table import CODE_TYPES, Symbol, SymbolType
from twtui.kernel.processes.mappings import Module, read_mappings
from twtui.kernel.processes.process_symbols import process_symbol
from twtui.kernel.processes.target_files import executable_path, open_module

_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
_MOST_CANDIDATES = 2000
_MOST_SHOWN = 5
_LONGEST_FUNCTION = 1 << 20


def _of_version(elf: ElfFile, symbols: Sequence[Symbol], version: str) -> list[Symbol]:
    if not version:
        return list(symbols)
    return [
        symbol
        for symbol in symbols
        if version
        == (
            symbol.name.rpartition("@")[2]
            if "@" in symbol.name
            else elf.version_name(symbol.version)
        )
    ]


def _find(elf: ElfFile, name: str, wanted: Callable[[Symbol], bool]) -> list[Symbol]:
    """The best symbols of a name, one an address: the full table, default versions, global names first."""
    plain, _, version = name.partition("@")
    for table in elf.tables:
        found = [
            symbol
            for symbol in _of_version(elf, table.find(plain), version.lstrip("@"))
            if wanted(symbol)
        ]
        if found:
            best = max((symbol.is_default, not symbol.is_local) for symbol in found)
            chosen = [s for s in found if (s.is_default, not s.is_local) == best]
            return list({symbol.address: symbol for symbol in chosen}.values())
    return []


def _several(elf: ElfFile, name: str, addresses: Sequence[int]) -> UsageError:
    places = ", ".join(hex(address) for address in sorted(addresses)[:_MOST_SHOWN])
    return UsageError(f"{elf.path} has {len(addresses)} of {name}", f"give an address: {places}")


def _is_code(elf: ElfFile) -> Callable[[Symbol], bool]:
    return lambda symbol: symbol.type in CODE_TYPES and elf.file_offset(symbol.address) is not None


def _close_names(elf: ElfFile, name: str) -> list[str]:
    """Functions of the file whose names are like one; bounded work on any table."""
    like: dict[str, None] = {}
    holding: dict[str, None] = {}
    for text in chain.from_iterable(table.function_names() for table in elf.tables):
        # a mangled C++ or Rust name holds the plain one
        if name in text:
            holding[text] = None
        elif text[:1] == name[:1] and abs(len(text) - len(name)) <= len(name) // 3 + 1:
            like[text] = None
        if len(like) + len(holding) >= _MOST_CANDIDATES:
            break
    close = get_close_matches(name, like, _MOST_SHOWN, 0.6)
    return [*close, *sorted(holding, key=len)][:_MOST_SHOWN]


def _unknown(elf: ElfFile, name: str) -> UsageError:
    if any(table.find(name.partition("@")[0]) for table in elf.tables):
        return UsageError(
            f"{name} in {elf.path} is not a function", "name a function, or give an address"
        )
    close = _close_names(elf, name)
    hint = f"it has {', '.join(close)}" if close else "give an address: 0x…, as nm shows it"
    if elf.is_stripped:
        hint = f"it is stripped: only exported (dynamic) symbols are there; {hint}"
    return UsageError(f"{elf.path} has no function {name}", hint)


def _function(elf: ElfFile, name: str, offset: int) -> tuple[Symbol, int]:
    """The function and the distance in it; an address that no symbol covers is its own function."""
    if _ADDRESS.fullmatch(name):
        address = int(name, 16) + offset
        for table in elf.tables:
            if symbol := table.function_at(address):
                return symbol, address - symbol.address
        return Symbol(name, address, 0, SymbolType.FUNCTION, is_local=True, is_default=True), 0
    found = _find(elf, name, _is_code(elf))
    if not found:
        raise _unknown(elf, name)
    if len(found) > 1:
        raise _several(elf, name, [symbol.address for symbol in found])
    return found[0], offset


def _variants(elf: ElfFile, name: str) -> str:
    """What the C library calls the variants of a function, where their names are known."""
    found = {
        text
        for table in elf.tables
        for text in table.function_names()
        if text.startswith(f"__{name}_")
    }
    return f": {', '.join(sorted(found, key=len)[:_MOST_SHOWN])}" if found else " or its address"


def _check_place(elf: ElfFile, symbol: Symbol, distance: int, at_return: bool) -> None:
    """Refuse what would break the target rather than watch it."""
    if at_return and distance:
        raise UsageError(
            f"a return is watched from the start of a function, not from {symbol.name}+{distance}",
            f"write {symbol.name} without an offset",
        )
    if (symbol.size and distance >= symbol.size) or distance > _LONGEST_FUNCTION:
        raise UsageError(
            f"{symbol.name}+{distance} is behind the end of the function",
            f"it has {symbol.size} bytes",
        )
    start = elf.file_offset(symbol.address)
    if distance and start is not None:
        code = elf.read(start, distance + LONGEST_INSTRUCTION)
        if starts_instruction(code, distance) is False:
            raise UsageError(
                f"no instruction starts at {symbol.name}+{distance}: a breakpoint there would "
                "break the program",
                "see where they start with: objdump -d",
            )


def function_offset(elf: ElfFile, name: str, offset: int = 0, at_return: bool = False) -> int:
    """Where in the file a uprobe goes.

    Args:
        elf: The program or library.
        name: ``malloc``, ``memcpy@GLIBC_2.2.5``, or an address as ``nm`` shows it, ``0x11c9``.
        offset: Bytes behind it.
        at_return: It is for the return of the function.

    Raises:
        UsageError: There is no such function, there are several, or nothing can be watched there.
    """
    symbol, distance = _function(elf, name, offset)
    if symbol.type is SymbolType.INDIRECT:
        raise UsageError(
            f"{name} in {elf.path} is picked among variants when a program starts (IFUNC)",
            f"a probe would fire only then: name a variant{_variants(elf, name)}",
        )
    _check_place(elf, symbol, distance, at_return)
    found = elf.file_offset(symbol.address + distance)
    if found is None:
        raise UsageError(
            f"{elf.path} has no code at {symbol.address + distance:#x}",
            "give an address as nm and objdump show it, without the load address",
        )
    return found


def _is_memory(symbol: Symbol) -> bool:
    return symbol.type is not SymbolType.INDIRECT


def _address_in(pid: int, module: Module, name: str) -> tuple[int, bool] | UsageError | None:
    """The address in one module and whether the name is local to it; or why there is none."""
    opened = open_module(pid, module)
    with opened.file:
        try:
            elf = ElfFile(opened.file, module.path)
            found = _find(elf, name, _is_memory)
        except UsageError:
            return None  # code that is no ELF file: a run-time compiler's
        bias = elf.load_bias(module.code[0].start, module.code[0].offset)
    if not found or bias is None:
        return None
    if len(found) > 1:
        return _several(elf, name, [bias + symbol.address for symbol in found])
    if found[0].type is SymbolType.THREAD_LOCAL:
        return UsageError(
            f"{name} of {module.path} is thread-local: each thread has its own",
            "give a variable that all threads share",
        )
    return bias + found[0].address, found[0].is_local


def symbol_address(pid: int, name: str) -> int:
    """The absolute address, in a live process, of a variable or a function, or what ``@NAME`` says.

    The executable comes first, then the libraries in the order of their addresses; in those, what
    they export or share between files before what is local to one.

    Raises:
        UsageError: It is nowhere, one module has several, or it is thread-local.
        TwtuiError: The process has ended, or its files may not be read.
    """
    if name.startswith("@"):
        return process_symbol(pid, name)
    executable = executable_path(pid)
    modules = read_mappings(pid).modules
    local: int | None = None
    refused: UsageError | None = None
    for module in sorted(modules, key=lambda module: module.path != executable):
        match _address_in(pid, module, name):
            case UsageError() as error:
                refused = refused or error
                if module.path == executable:
                    break
            case (address, is_local):
                if not is_local or module.path == executable:
                    return address
                local = address if local is None else local
    if local is not None:
        return local
    raise refused or UsageError(
        f"no symbol {name} in what process {pid} has mapped",
        "stripped files have only exported symbols: give an address",
    )
