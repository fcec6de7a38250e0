"""libbpf and ``perf_event_open`` through ctypes: thin, typed wrappers that raise OSError.

All in one module, although that makes it long: it is the one place where tests make the kernel refuse.
"""

from __future__ import annotations

import ctypes as ct
import os
import platform
from typing import Any

from twtui.kernel.bpf.library import load_libbpf

_lib = load_libbpf()
_libc = ct.CDLL(None, use_errno=True)

_u32, _u64, _int, _pointer, _text = ct.c_uint32, ct.c_uint64, ct.c_int, ct.c_void_p, ct.c_char_p


def _declare(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(_lib, name)
    function.restype, function.argtypes = result, list(arguments)
    return function


btf_load_vmlinux = _declare("btf__load_vmlinux_btf", _pointer)
btf_parse = _declare("btf__new", _pointer, _text, _u32)
btf_free = _declare("btf__free", None, _pointer)
btf_find = _declare("btf__find_by_name_kind", _int, _pointer, _text, _u32)
btf_type_count = _declare("btf__type_cnt", _u32, _pointer)
btf_type = _declare("btf__type_by_id", _pointer, _pointer, _u32)
btf_name = _declare("btf__name_by_offset", _text, _pointer, _u32)
_btf_raw_data = _declare("btf__raw_data", _pointer, _pointer, ct.POINTER(_u32))
_btf_load = _declare("bpf_btf_load", _int, _pointer, ct.c_size_t, _pointer)
_map_create = _declare("bpf_map_create", _int, _int, _text, _u32, _u32, _u32, _pointer)
_map_lookup = _declare("bpf_map_lookup_elem", _int, _int, _pointer, _pointer)
_map_update = _declare("bpf_map_update_elem", _int, _int, _pointer, _pointer, _u64)
_map_delete = _declare("bpf_map_delete_elem", _int, _int, _pointer)
_map_next_key = _declare("bpf_map_get_next_key", _int, _int, _pointer, _pointer)
_raw_tracepoint_open = _declare("bpf_raw_tracepoint_open", _int, _text, _int)
_info_by_fd = _declare("bpf_obj_get_info_by_fd", _int, _int, _pointer, ct.POINTER(_u32))
_prog_load = _declare("bpf_prog_load", _int, _int, _text, _text, _pointer, ct.c_size_t, _pointer)
_link_create = _declare("bpf_link_create", _int, _int, _int, _int, _pointer)
_test_run = _declare("bpf_prog_test_run_opts", _int, _int, _pointer)
_possible_cpus = _declare("libbpf_num_possible_cpus", _int)
_syscall = _libc.syscall

MAP_HASH, MAP_ARRAY, MAP_PERCPU_ARRAY, MAP_RINGBUF, MAP_TASK_STORAGE = 1, 2, 6, 27, 29
PROG_KPROBE, PROG_TRACEPOINT, PROG_PERF_EVENT = 2, 5, 7
PROG_RAW_TRACEPOINT, PROG_SYSCALL = 17, 31
F_NO_PREALLOC, F_MMAPABLE, F_SLEEPABLE = 1, 1 << 10, 1 << 4
_ATTACH_PERF_EVENT = 41
_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
_PERF_FLAG_FD_CLOEXEC = 8


class _Struct(ct.Structure):
    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        if hasattr(self, "sz"):
            self.sz = ct.sizeof(self)


class MapInfo(_Struct):
    """``struct bpf_map_info``, the part that is read here."""

    _fields_ = (
        ("type", _u32), ("id", _u32), ("key_size", _u32), ("value_size", _u32),
        ("max_entries", _u32), ("map_flags", _u32), ("name", ct.c_char * 16), ("ifindex", _u32),
        ("vmlinux_value_type", _u32), ("netns_dev", _u64), ("netns_ino", _u64), ("btf_id", _u32),
        ("btf_key_type", _u32), ("btf_value_type", _u32), ("btf_vmlinux_id", _u32),
        ("map_extra", _u64),
    )  # fmt: skip


class ProgInfo(_Struct):
    """``struct bpf_prog_info`` as of Linux 5.12, up to ``recursion_misses``."""

    _fields_ = (
        ("type", _u32), ("id", _u32), ("tag", ct.c_uint8 * 8), ("jited_len", _u32),
        ("xlated_len", _u32), ("jited", _u64), ("xlated", _u64), ("load_time", _u64),
        ("uid", _u32), ("nr_map_ids", _u32), ("map_ids", _u64), ("name", ct.c_char * 16),
        ("ifindex", _u32), ("gpl", _u32), ("netns_dev", _u64), ("netns_ino", _u64),
        ("nr_ksyms", _u32), ("nr_func_lens", _u32), ("ksyms", _u64), ("func_lens", _u64),
        ("btf_id", _u32), ("func_info_rec_size", _u32), ("func_info", _u64),
        ("nr_func_info", _u32), ("nr_line_info", _u32), ("line_info", _u64),
        ("jited_line_info", _u64), ("nr_jited_line_info", _u32), ("line_info_rec_size", _u32),
        ("jited_line_info_rec_size", _u32), ("nr_prog_tags", _u32), ("prog_tags", _u64),
        ("run_time_ns", _u64), ("run_cnt", _u64), ("recursion_misses", _u64),
        ("verified_insns", _u32), ("attach_btf_obj_id", _u32), ("attach_btf_id", _u32),
        ("reserved", _u32),
    )  # fmt: skip


class _MapCreateOptions(_Struct):
    _fields_ = (
        ("sz", ct.c_size_t), ("btf_fd", _u32), ("btf_key_type_id", _u32),
        ("btf_value_type_id", _u32), ("btf_vmlinux_value_type_id", _u32), ("inner_map_fd", _u32),
        ("map_flags", _u32), ("map_extra", _u64), ("numa_node", _u32), ("map_ifindex", _u32),
    )  # fmt: skip


class _ProgLoadOptions(_Struct):
    _fields_ = (
        ("sz", ct.c_size_t), ("attempts", _int), ("attach_type", _int), ("prog_btf_fd", _u32),
        ("prog_flags", _u32), ("prog_ifindex", _u32), ("kern_version", _u32),
        ("attach_btf_id", _u32), ("attach_prog_fd", _u32), ("attach_btf_obj_fd", _u32),
        ("fd_array", _pointer), ("func_info", _pointer), ("func_info_cnt", _u32),
        ("func_info_rec_size", _u32), ("line_info", _pointer), ("line_info_cnt", _u32),
        ("line_info_rec_size", _u32), ("log_level", _u32), ("log_size", _u32),
        ("log_buf", _pointer),
    )  # fmt: skip


class _LinkCreateOptions(_Struct):
    _fields_ = (
        ("sz", ct.c_size_t), ("flags", _u32), ("iter_info", _pointer), ("iter_info_len", _u32),
        ("target_btf_id", _u32), ("bpf_cookie", _u64), ("union_rest", _u64 * 4),
        ("last", ct.c_size_t),
    )  # fmt: skip


class _TestRunOptions(_Struct):
    _fields_ = (
        ("sz", ct.c_size_t), ("data_in", _pointer), ("data_out", _pointer), ("data_size_in", _u32),
        ("data_size_out", _u32), ("ctx_in", _pointer), ("ctx_out", _pointer), ("ctx_size_in", _u32),
        ("ctx_size_out", _u32), ("retval", _u32), ("repeat", _int), ("duration", _u32),
        ("flags", _u32), ("cpu", _u32), ("batch_size", _u32),
    )  # fmt: skip


class PerfEventAttr(_Struct):
    """``struct perf_event_attr``, PERF_ATTR_SIZE_VER5; the flag bits are one word."""

    _fields_ = (
        ("type", _u32), ("size", _u32), ("config", _u64), ("sample_period", _u64),
        ("sample_type", _u64), ("read_format", _u64), ("flags", _u64), ("wakeup_events", _u32),
        ("bp_type", _u32), ("config1", _u64), ("config2", _u64), ("branch_sample_type", _u64),
        ("sample_regs_user", _u64), ("sample_stack_user", _u32), ("clockid", ct.c_int32),
        ("sample_regs_intr", _u64), ("aux_watermark", _u32), ("sample_max_stack", ct.c_uint16),
        ("reserved", ct.c_uint16),
    )  # fmt: skip


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ct.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def map_create(
    kind: int, name: str, key_bytes: int, value_bytes: int, entries: int, flags: int = 0,
    btf: tuple[int, int, int] = (0, 0, 0),
) -> int:  # fmt: skip
    """A new map's file descriptor; ``btf`` is (fd, key type, value type)."""
    options = _MapCreateOptions(
        map_flags=flags, btf_fd=btf[0], btf_key_type_id=btf[1], btf_value_type_id=btf[2]
    )
    result = _map_create(kind, name.encode(), key_bytes, value_bytes, entries, ct.byref(options))
    return _check(result, f"creating map {name}")


def map_lookup(fd: int, key: bytes, value_bytes: int) -> bytes:
    """One value; for per-CPU maps pass the size of all CPUs' values together."""
    value = ct.create_string_buffer(value_bytes)
    _check(_map_lookup(fd, key, value), "looking up a map value")
    return value.raw


def map_update(fd: int, key: bytes, value: bytes, flags: int = 0) -> None:
    """Set one value."""
    _check(_map_update(fd, key, value, flags), "updating a map")


def map_delete(fd: int, key: bytes) -> None:
    """Delete one key."""
    _check(_map_delete(fd, key), "deleting from a map")


def map_keys(fd: int, key_bytes: int) -> list[bytes]:
    """Every key; while others come and go, some may be there twice or not at all."""
    keys: list[bytes] = []
    last: Any = None
    for _ in range(1 << 20):
        key = ct.create_string_buffer(key_bytes)
        try:
            _check(_map_next_key(fd, last, key), "walking a map")
        except FileNotFoundError:
            break
        keys.append(key.raw)
        last = key
    return keys


def info_by_fd(fd: int, info: ct.Structure, what: str) -> None:
    """Fill ``info`` with what the kernel says."""
    _check(_info_by_fd(fd, ct.byref(info), ct.byref(_u32(ct.sizeof(info)))), what)


def map_info(fd: int) -> MapInfo:
    """What the kernel says of a map."""
    info = MapInfo()
    info_by_fd(fd, info, "map info")
    return info


def prog_info(fd: int) -> ProgInfo:
    """What the kernel says of a program."""
    info = ProgInfo()
    info_by_fd(fd, info, "program info")
    return info


def btf_bytes(btf: Any) -> memoryview:
    """What a BTF object is made of, without a copy; not to be used once it is freed."""
    size = _u32()
    start = _btf_raw_data(btf, ct.byref(size))
    if not start:
        _check(-1, "reading BTF")
    return memoryview((ct.c_char * size.value).from_address(start)).cast("B")


def btf_create(data: bytes) -> int:
    """Hand BTF to the kernel; its file descriptor."""
    return _check(_btf_load(data, len(data), None), "loading BTF")


class VerifierError(OSError):
    """The kernel did not load a program; ``log`` has the verifier's words."""

    def __init__(self, number: int, log: str) -> None:
        super().__init__(number, f"loading a program: {os.strerror(number)}")
        self.log = log


def prog_load(
    kind: int, name: str, instructions: bytes, btf: int, functions: list[tuple[int, int]],
    flags: int = 0, attach: tuple[int, int] = (0, 0),
) -> int:  # fmt: skip
    """Load a program; its file descriptor.

    Args:
        kind: ``BPF_PROG_TYPE_…``.
        name: At most 15 characters.
        instructions: 8 bytes each.
        btf: File descriptor of the BTF that describes the functions.
        functions: Instruction offset and BTF id of each, the program first.
        flags: ``BPF_F_…``.
        attach: The expected attach type, and the BTF id in vmlinux of what it attaches to.

    Raises:
        VerifierError: The kernel refused.
    """
    records = (_u32 * (2 * len(functions)))(*(word for pair in functions for word in pair))
    # log_level 1 costs time and memory on success, so the log is asked for only after a refusal
    for log_bytes in (0, 1 << 22):
        log = ct.create_string_buffer(max(log_bytes, 1))
        options = _ProgLoadOptions(
            attach_type=attach[0], attach_btf_id=attach[1],
            prog_btf_fd=btf, prog_flags=flags, func_info=ct.addressof(records),
            func_info_cnt=len(functions), func_info_rec_size=8,
            log_level=1 if log_bytes else 0, log_size=log_bytes,
            log_buf=ct.addressof(log) if log_bytes else None,
        )  # fmt: skip
        result = _prog_load(
            kind, name[:15].encode(), b"Dual MIT/GPL", instructions, len(instructions) // 8,
            ct.byref(options),
        )  # fmt: skip
        if result >= 0:
            return int(result)
        number = ct.get_errno()
    raise VerifierError(number, log.value.decode(errors="replace"))


def link_perf_event(prog: int, event: int, cookie: int) -> int:
    """Attach a program to a perf event of any type; closing the link detaches it."""
    options = _LinkCreateOptions(bpf_cookie=cookie)
    result = _link_create(prog, event, _ATTACH_PERF_EVENT, ct.byref(options))
    return _check(result, "attaching a program")


def attach_raw_tracepoint(prog: int, name: str) -> int:
    """Attach a program to a raw tracepoint; closing what is returned detaches it."""
    return _check(_raw_tracepoint_open(name.encode(), prog), f"attaching to {name}")


def test_run(prog: int, context: bytes) -> bytes:
    """Run a syscall program once; the context as it left it."""
    buffer = ct.create_string_buffer(context, len(context))
    options = _TestRunOptions(ctx_in=ct.addressof(buffer), ctx_size_in=len(context))
    _check(_test_run(prog, ct.byref(options)), "running a program")
    return buffer.raw


def perf_event_open(attr: PerfEventAttr, pid: int, cpu: int) -> int:
    """``perf_event_open(2)``; -1 stands for any process or any CPU."""
    attr.size = ct.sizeof(attr)
    number = _PERF_EVENT_OPEN[platform.machine()]
    result = _syscall(
        ct.c_long(number), ct.byref(attr), ct.c_int(pid), ct.c_int(cpu), ct.c_int(-1),
        ct.c_ulong(_PERF_FLAG_FD_CLOEXEC),
    )  # fmt: skip
    return _check(result, "opening a perf event")


def possible_cpus() -> int:
    """CPUs the kernel may ever have: the number of values in a per-CPU map entry."""
    return int(_check(_possible_cpus(), "counting CPUs"))
