"""Which kfuncs are taken, for every variant that kernels have had; the BTF is real, the kernels are not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from twtui.errors import UnsupportedError
from twtui.kernel.bpf.btf import KernelBtf, find_kfuncs
from twtui.kernel.doctor.btf_writer import BtfWriter

from .btf_samples import IMPL, OTHERS, PLAIN, RESUME, SIGNAL, kernel


def test_618_and_619_have_impl() -> None:
    btf = kernel(OTHERS | IMPL)
    kfuncs = find_kfuncs(btf)
    assert kfuncs.variant == "_impl"
    assert kfuncs.ids[1] == btf.function_id(f"{RESUME}_impl") > 0
    assert kfuncs.ids[2] == btf.function_id(f"{SIGNAL}_impl") > 0


@pytest.mark.parametrize("untagged", [(), tuple(IMPL)])
def test_later_kernels_have_the_plain_name_and_a_stale_impl(untagged: tuple[str, ...]) -> None:
    btf = kernel(IMPL | OTHERS | PLAIN, untagged)
    kfuncs = find_kfuncs(btf)
    assert kfuncs.variant == "plain"
    assert (kfuncs.ids[1], kfuncs.ids[2]) == (btf.function_id(RESUME), btf.function_id(SIGNAL))


def test_half_a_plain_pair_is_not_filled_up_with_a_stale_impl() -> None:
    with pytest.raises(UnsupportedError, match=f"no {SIGNAL}"):
        find_kfuncs(kernel(IMPL | OTHERS | {RESUME: 4}))


def test_an_impl_that_is_no_kfunc_is_never_used() -> None:
    with pytest.raises(UnsupportedError, match="not for programs to call"):
        find_kfuncs(kernel(OTHERS | IMPL, untagged=tuple(IMPL)))


@pytest.mark.parametrize(("functions", "variant"), [(IMPL, "_impl"), (IMPL | PLAIN, "plain")])
def test_btf_without_any_tag_is_judged_by_the_names(
    functions: Mapping[str, int], variant: str
) -> None:
    everything = {**OTHERS, **functions}
    assert find_kfuncs(kernel(everything, untagged=tuple(everything))).variant == variant


def test_an_old_kernel_is_refused_in_words() -> None:
    with pytest.raises(UnsupportedError, match="no BPF task work") as caught:
        find_kfuncs(kernel(OTHERS))
    assert "6.18" in caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "functions", [OTHERS | PLAIN | {RESUME: 5}, OTHERS | IMPL | {f"{SIGNAL}_impl": 4}]
)
def test_a_prototype_that_is_not_known_is_refused(functions: Mapping[str, int]) -> None:
    with pytest.raises(UnsupportedError, match="parameters, not"):
        find_kfuncs(kernel(functions))


@pytest.mark.parametrize("missing", list(OTHERS))
def test_every_kfunc_is_needed(missing: str) -> None:
    with pytest.raises(UnsupportedError, match=missing):
        find_kfuncs(kernel({name: n for name, n in (OTHERS | IMPL).items() if name != missing}))


def test_a_tag_counts_only_for_the_function_that_it_is_on() -> None:
    btf = kernel({"one": 0, "other": 2}, untagged=["other"])
    assert (btf.is_kfunc("one"), btf.is_kfunc("other"), btf.is_kfunc("none")) == (
        True, False, False,
    )  # fmt: skip
    assert (btf.parameters("one"), btf.parameters("other"), btf.parameters("none")) == (0, 2, -1)


def test_members_are_found_through_anonymous_structs() -> None:
    types = BtfWriter()
    word = types.integer("unsigned int", 4)
    inner = types.structure("", 8, [("a", word, 0), ("b", word, 4)])
    outer = types.structure("outer", 16, [("first", word, 0), ("", inner, 8)])
    types.pointer(outer)
    btf = KernelBtf(types.data())
    assert btf.member_offset("outer", "b") == 12
    assert btf.struct_member("outer", "first") == (outer, 0)
    assert btf.struct_member("outer", "b") is None
    with pytest.raises(UnsupportedError, match=r"no outer\.c"):
        btf.member_offset("outer", "c")


def test_enumerators_are_found_by_name() -> None:
    types = BtfWriter()
    types.enumeration("kind", [("KIND_ONE", 1), ("KIND_SEVEN", 7)])
    btf = KernelBtf(types.data())
    assert btf.enumerator("kind", "KIND_SEVEN") == 7
    assert btf.enumerator("kind", "KIND_EIGHT") is None
    assert btf.enumerator("sort", "KIND_ONE") is None
    assert btf.enumerators("kind") == {"KIND_ONE": 1, "KIND_SEVEN": 7}
    assert btf.enumerators("sort") == {}


def test_what_is_no_btf_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="no BTF"):
        KernelBtf(b"not BTF at all, but long enough to have a header")
