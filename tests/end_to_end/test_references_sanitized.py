"""The C references of the other practicals build without a warning and are clean under sanitizers and valgrind.

The reverse service has richer clients and a file of its own, test_reference_memory.py.
"""

from __future__ import annotations

import errno
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.observe.sockets import SocketTable
from tests.end_to_end.grading import ROOT
from tests.free_ports import free_port

CEILING = 60.0
STANDARD = "-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -g -O1"
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined"
CLEAN = {"ASAN_OPTIONS": "detect_leaks=1"}
#: A server is ended by a signal in the midst of its work: only invalid accesses count there.
VALGRIND = ("valgrind", "--leak-check=no", "--error-exitcode=9")
VALGRIND_LEAKS = ("valgrind", "--leak-check=full", "--errors-for-leak-kinds=definite", "--error-exitcode=9")
RESET = struct.pack("ii", 1, 0)

#: What clients send, connection by connection; each is sent whole once, and once cut short by a reset.
LENGTHS = struct.pack("!II", 4, 5)
TALK: dict[str, list[bytes]] = {
    "acepta": [b"", b"x"],
    "receptor": [b"", b"x" * 1000],
    "receptor_completo_readn": [b"", b"x" * 250],
    "receptor_completo_fread": [b"", b"x" * 250],
    "receptor_completo_waitall": [b"", b"x" * 250],
    "receptor_tam_variable": [b"", LENGTHS + b"holamundo", LENGTHS + b"ho", b"\xff" * 8, bytes(8)],
    "srv_web_read_send": [
        b"GET /page HTTP/1.0\r\n\r\n",
        b"GET /none HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"G",
    ],
    "srv_web_mmap_writev": [
        b"GET /page HTTP/1.0\r\n\r\n",
        b"HEAD /page HTTP/1.0\r\n\r\n",
        b"GET /../x HTTP/1.0\r\n\r\n",
    ],
    "srv_web_sendfile": [b"GET /page HTTP/1.0\r\n\r\n", b"POST / HTTP/1.0\r\n\r\n", b"GET /" + b"a" * 9000],
    "receptor_dgram": [b"", b"x" * 100, b"x" * 101, b"x" * 60_000],
}
MORE = {"acepta": ["2"], "receptor": ["100"], "receptor_dgram": ["100"]} | {
    f"receptor_completo_{how}": ["100"] for how in ("readn", "fread", "waitall")
}
CLIENTS: dict[str, list[str]] = {
    "conecta": [],
    "emisor": ["100000"],
    "emisor_nb": ["1000"],
    "envio_multiple_2send": ["hola", "mundo"],
    "envio_multiple_2send_more": ["hola", "mundo"],
    "envio_multiple_copia": ["hola", "123456789012345"],
    "envio_multiple_error": ["hola", "mundo"],
    "envio_multiple_writev": ["hola", "mundo"],
    "envio_tam_variable_writev": ["hola", "a todo el mundo"],
    "emisor_dgram": ["5000"],
}
Build = Callable[[str], Path]


@pytest.fixture(scope="module", params=["sanitizers", "valgrind"])
def build(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds the practical of a program, once, for this tool; the path of the program."""
    flags = f"{STANDARD} {SANITIZERS}" if request.param == "sanitizers" else STANDARD
    place = tmp_path_factory.mktemp(request.param)

    def built(program: str) -> Path:
        (source,) = ROOT.glob(f"reference/*/c/{program}.c")
        target = place / source.parent.parent.name
        if not target.exists():
            shutil.copytree(
                source.parent, target, ignore=lambda _, names: [n for n in names if n.endswith(".o")]
            )
            made = subprocess.run(
                ["make", "-B", f"CFLAGS={flags}"], cwd=target, capture_output=True, text=True, check=False
            )
            assert made.returncode == 0, made.stderr
        return target / program

    return built


@pytest.mark.parametrize("program", TALK)
def test_server_is_clean(build: Build, program: str, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(bytes(100_000))
    binary = build(program)
    datagrams = program == "receptor_dgram"
    port = free_port()
    start = [*_tool(binary, leaks=False), str(port), *MORE.get(program, [])]
    with subprocess.Popen(
        start,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **CLEAN},
    ) as process:
        try:
            _until_bound(port, process, datagrams=datagrams)
            for data in TALK[program]:
                (_send_datagram if datagrams else _send_stream)(port, data)
            if not datagrams:
                _send_stream(port, TALK[program][-1])  # the last of all: what came before has been dealt with
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=CEILING)
        finally:
            process.kill()
    _expect_clean(errors.decode(errors="replace"))


@pytest.mark.parametrize("program", CLIENTS)
def test_client_is_clean(build: Build, program: str) -> None:
    binary = build(program)
    datagrams = program == "emisor_dgram"
    with socket.socket(type=socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(CEILING)
        if not datagrams:
            server.listen()
        with subprocess.Popen(
            [*_tool(binary, leaks=True), "127.0.0.1", str(server.getsockname()[1]), *CLIENTS[program]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **CLEAN},
        ) as process:
            try:
                _receive_everything(server, datagrams=datagrams)
                _, errors = process.communicate(timeout=CEILING)
            finally:
                process.kill()
    assert process.returncode == 0, errors
    _expect_clean(errors.decode(errors="replace"))


def _receive_everything(server: socket.socket, *, datagrams: bool) -> None:
    if datagrams:
        assert len(server.recv(65_536)) == 5000
        return
    connection, _ = server.accept()
    with connection:
        connection.settimeout(CEILING)
        while connection.recv(1 << 16):
            pass


def _tool(binary: Path, *, leaks: bool) -> list[str]:
    """The program alone when it was built with the sanitizers, under valgrind otherwise."""
    if binary.parent.parent.name.startswith("sanitizers"):
        return [str(binary)]
    return [*(VALGRIND_LEAKS if leaks else VALGRIND), str(binary)]


def _until_bound(port: int, process: subprocess.Popen[bytes], *, datagrams: bool) -> None:
    pace = select.poll()
    with SocketTable() as table:
        while not (table.udp(port) if datagrams else table.listening(port)):
            assert process.poll() is None, process.communicate()[1]
            pace.poll(5)


def _send_stream(port: int, data: bytes) -> None:
    """Once in order, and once with a reset in the midst. The server may refuse, and close, at any moment."""
    for cut in (len(data), len(data) // 2):
        with socket.create_connection(("127.0.0.1", port), timeout=CEILING) as connection:
            try:
                connection.sendall(data[:cut])
                if cut == len(data):
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(1 << 16):
                        pass
                    continue
            except (ConnectionResetError, BrokenPipeError):
                continue
            except OSError as error:
                if error.errno != errno.ENOTCONN:  # what shutdown says of a connection that was reset
                    raise
                continue
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def _send_datagram(port: int, data: bytes) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sender, SocketTable() as table:
        sender.sendto(data, ("127.0.0.1", port))
        while any(entry.receive_queue for entry in table.udp(port)):
            select.poll().poll(1)


def _expect_clean(errors: str) -> None:
    assert "Sanitizer" not in errors, errors
    assert "runtime error" not in errors, errors
    if "valgrind" in errors.lower() or "ERROR SUMMARY" in errors:
        summaries = re.findall(r"ERROR SUMMARY: (\d+) errors", errors)
        assert set(summaries) == {"0"}, errors
