"""The tls preset: the plaintext of both directions, and nothing else of the buffers."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from json_record import TWTUI, record
from kernel_harness import wait_until

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def tls_server(start: Start, tmp_path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """``openssl s_server``, and its port."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-subj", "/CN=localhost", "-days", "1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start(
        "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", "-key", key, "-cert", certificate,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: _listens(port))
    return server, port


def _listens(port: int) -> bool:
    return any(
        line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
    )


def test_tls_sees_the_plaintext_of_both_directions(
    tls_server: tuple[subprocess.Popen[bytes], int],
) -> None:
    server, port = tls_server
    wanted = {
        ("uretprobe:libssl:SSL_read", "a question in secret"),
        ("uprobe:libssl:SSL_write", "an answer in secret\n"),
    }
    # with an end, or one that sees nothing would be waited for
    recorder = subprocess.Popen(
        [*TWTUI, "record", "--json", "--preset", "tls", "-p", str(server.pid), "-d", "30s"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert recorder.stdout
    assert server.stdin
    try:
        assert json.loads(recorder.stdout.readline())["type"] == "header"
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            context.wrap_socket(plain) as secure,
        ):
            secure.sendall(b"a question in secret")
            server.stdin.write(b"an answer in secret\n")
            server.stdin.flush()
            assert secure.recv(100) == b"an answer in secret\n"
            seen: set[tuple[str, str | None]] = set()
            while not wanted <= seen and (line := recorder.stdout.readline()):
                event = json.loads(line)
                seen.add((event.get("trigger", ""), event.get("text")))
            assert wanted <= seen
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.communicate(timeout=20)


NO_DATA = """
import ctypes, time
ssl = ctypes.CDLL("libssl.so.3")
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, name).restype = ctypes.c_void_p
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
connection = ctypes.c_void_p(ssl.SSL_new(context))
ssl.SSL_set_connect_state(connection)
buffer = ctypes.create_string_buffer(b"left from before", 100)
while ssl.SSL_read(connection, buffer, 100) == -1: time.sleep(.01)
"""


def test_a_read_that_fails_shows_nothing_of_the_buffer(start: Start) -> None:
    """An int of -1 is 4 GiB where only the register's width is looked at."""
    python = start("/usr/bin/python3", "-c", NO_DATA)
    wait_until(
        lambda: (
            python.poll() is not None or "libssl" in Path(f"/proc/{python.pid}/maps").read_text()
        )
    )
    if python.poll() is not None:
        pytest.skip("libssl.so.3 is not installed")
    ran = record("--preset", "tls", "-p", python.pid, "-c", 5)
    assert ran.data() == [b""] * 5


def test_the_presets_command_tells_who_has_tls(
    tls_server: tuple[subprocess.Popen[bytes], int], start: Start
) -> None:
    sleeper = start("sleep", "1000")
    pids = f"{tls_server[0].pid},{sleeper.pid}"
    done = subprocess.run(
        [*TWTUI, "presets", "--json", "-p", pids], capture_output=True, text=True, check=True
    )
    found = {preset["name"]: preset for preset in json.loads(done.stdout)["presets"]}
    answers = {item["pid"]: item["answer"] for item in found["tls"]["available"]}
    assert answers == {tls_server[0].pid: "yes", sleeper.pid: "no"}
    assert {item["answer"] for item in found["files"]["available"]} == {"yes"}
