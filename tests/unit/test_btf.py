"""Which kfuncs are taken, for every variant that kernels have had."""

from __future__ import annotations

import pytest

from twtui.errors import UnsupportedError
from twtui.kernel.btf import KernelBtf, find_kfuncs

OTHERS = {"bpf_copy_from_user_str": 4, "bpf_task_from_pid": 1, "bpf_task_release": 1}
RESUME, SIGNAL = "bpf_task_work_schedule_resume", "bpf_task_work_schedule_signal"
IMPL = {f"{RESUME}_impl": 5, f"{SIGNAL}_impl": 5}
PLAIN = {RESUME: 4, SIGNAL: 4}


class FakeBtf(KernelBtf):
    """Functions with their numbers of parameters; the id is the place in the list."""

    def __init__(self, functions: dict[str, int]) -> None:
        self.functions = functions

    def function_id(self, name: str) -> int:
        return 1 + list(self.functions).index(name) if name in self.functions else 0

    def parameters(self, name: str) -> int:
        return self.functions.get(name, -1)


def test_618_and_619_have_impl() -> None:
    kfuncs = find_kfuncs(FakeBtf(OTHERS | IMPL))
    assert kfuncs.variant == "_impl"
    assert (kfuncs.ids[1], kfuncs.ids[2]) == (4, 5)


def test_later_kernels_have_the_plain_name_and_a_stale_impl() -> None:
    kfuncs = find_kfuncs(FakeBtf(IMPL | OTHERS | PLAIN))
    assert kfuncs.variant == "plain"
    assert (kfuncs.ids[1], kfuncs.ids[2]) == (6, 7)


def test_an_old_kernel_is_refused_in_words() -> None:
    with pytest.raises(UnsupportedError, match="no BPF task work") as caught:
        find_kfuncs(FakeBtf(OTHERS))
    assert "6.18" in caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "functions", [OTHERS | PLAIN | {RESUME: 5}, OTHERS | IMPL | {f"{SIGNAL}_impl": 4}]
)
def test_a_prototype_that_is_not_known_is_refused(functions: dict[str, int]) -> None:
    with pytest.raises(UnsupportedError, match="parameters, not"):
        find_kfuncs(FakeBtf(functions))


@pytest.mark.parametrize("missing", list(OTHERS))
def test_every_kfunc_is_needed(missing: str) -> None:
    with pytest.raises(UnsupportedError, match=missing):
        find_kfuncs(FakeBtf({name: n for name, n in (OTHERS | IMPL).items() if name != missing}))
