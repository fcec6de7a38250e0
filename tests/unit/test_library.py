"""Without libbpf the kernel process answers all the same, and says what to install."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from twtui.kernel.bpf.library import MissingLibraryError, load_libbpf

WITHOUT = """
import ctypes, json, sys
load = ctypes.CDLL

def missing(name, *arguments, **named):
    if name and "bpf" in name:
        raise OSError(f"{name}: cannot open shared object file")
    return load(name, *arguments, **named)

ctypes.CDLL = missing
if sys.argv[1] == "without":
    sys.modules["bcc"] = None
from twtui.kernel import serve
print(json.dumps(serve.run_checks()))
"""


def test_whoever_calls_it_is_told_what_to_install() -> None:
    library = load_libbpf("libno-such.so.1")
    function = library.btf__new
    function.restype, function.argtypes = None, []
    with pytest.raises(
        MissingLibraryError, match=r"there is no libbpf: libno-such\.so\.1"
    ) as raised:
        function(b"", 0)
    assert raised.value.exit_code == 4
    assert "apt install python3-bpfcc" in raised.value.hint


@pytest.mark.parametrize("bcc", ["with", "without"])
def test_the_doctor_says_that_bcc_is_missing(bcc: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, bcc], capture_output=True, text=True, check=True
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert (checks["BCC"]["answer"], checks["BCC"]["exit_code"]) == ("no", 4)
    assert "python3-bpfcc" in checks["BCC"]["fix"]
    assert checks["BTF"]["answer"] == checks["task work kfuncs"]["answer"] == "unknown"
    assert checks["kernel"]["answer"] == "yes"
