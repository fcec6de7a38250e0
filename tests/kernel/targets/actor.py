"""A process in a network namespace of its own that makes hooks of the kernel fire, one line one action.

    actor.py NAME...     the actions that a line on standard input does, each once

It speaks like target.c: "ready ADDRESS" with the address of its text, "tid N", "go", and "done"
after each line. Started with unshare --net; the namespace ends with it.
"""

import ctypes
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

ETHERNET_FRAME = b"\xff" * 6 + b"\x02" + bytes(5) + b"\x88\xb5" + bytes(50)
"""To everybody, of the type for local experiments."""
_DISCARD = ("127.0.0.1", 9)


def run(*command: str) -> None:
    subprocess.run(["ip", *command], check=True, stdout=subprocess.DEVNULL)


def set_up_network() -> None:
    # no router solicitations: nothing but our own frames is on the wire
    for name in ("all", "default"):
        place = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
        if place.exists():
            place.write_text("1")
    run("link", "set", "lo", "up")
    run("link", "add", "tw0", "type", "veth", "peer", "name", "tw1")
    run("link", "set", "tw0", "up")
    run("link", "set", "tw1", "up")


def frame() -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind(("tw0", 0))
        sender.send(ETHERNET_FRAME)


def datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", _DISCARD)


def connect() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(_DISCARD)


def option() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def stream() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        joining = threading.Thread(target=lambda: server.accept()[0].close())
        joining.start()
        socket.create_connection(server.getsockname()).close()
        joining.join()


def sysctl() -> None:
    Path("/proc/sys/kernel/ostype").read_text()


def device() -> None:
    os.close(os.open("/dev/null", os.O_RDONLY))


ACTIONS = (frame, datagram, connect, option, stream, sysctl, device)


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def main() -> None:
    wanted = [action for action in ACTIONS if action.__name__ in sys.argv[1:]]
    set_up_network()
    text = ctypes.create_string_buffer(os.environ["TARGET_TEXT"].encode())
    say(f"ready {ctypes.addressof(text):#x}")
    say(f"tid {os.getpid()}")
    say("go")
    while sys.stdin.readline():
        for action in wanted:
            action()
        say("done")


if __name__ == "__main__":
    main()
