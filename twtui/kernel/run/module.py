"""A compiled module in the kernel: its BTF and its slots map."""

from __future__ import annotations

import os
from collections.abc import Mapping

from twtui.kernel.bpf import libbpf
from twtui.kernel.compiling.compiler import Compiled, Section
from twtui.model.enums import MapKind


class Module:
    """What one map kind's programs are loaded with; the same whether just compiled or from the cache.

    BCC makes this map too, in the child that compiles, and takes it along when that ends.
    """

    def __init__(self, compiled: Compiled) -> None:
        """Load the BTF and make the map.

        Raises:
            OSError: The kernel refused; nothing is kept.
        """
        self.map_kind: MapKind = compiled.map_kind
        self.bcc = compiled.bcc
        self.btf_ids: Mapping[str, int] = compiled.btf_ids
        self.sections: Mapping[str, Section] = compiled.sections
        self.btf_fd = libbpf.btf_create(compiled.btf)
        slots = compiled.slots
        try:
            self.slots_fd = libbpf.map_create(
                slots.kind, "slots", slots.key_bytes, slots.value_bytes, slots.entries,
                slots.flags, (self.btf_fd, slots.key_type, slots.value_type),
            )  # fmt: skip
        except OSError:
            os.close(self.btf_fd)
            raise

        self._fds = [self.btf_fd, self.slots_fd]

    def close(self) -> None:
        """Close the map and the BTF. Idempotent."""
        while self._fds:
            os.close(self._fds.pop())
