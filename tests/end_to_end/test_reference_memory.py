"""The C references build without a warning and are clean under valgrind and the sanitizers."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.grading import ROOT
from tests.free_ports import free_port

SOURCE = ROOT / "reference" / "reverse" / "c"
SERVERS = ("srv_rev_sec", "srv_rev_prc", "srv_rev_thr", "srv_rev_evn")
CEILING = 60.0
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined"
#: glibc keeps the stacks of ended threads for later ones: only memory that is lost for certain counts.
VALGRIND = ("valgrind", "--leak-check=full", "--errors-for-leak-kinds=definite", "--error-exitcode=9")
PAYLOADS = (b"hola", b"", bytes(range(256)) * 300, b"x")


def _build(folder: Path, flags: str) -> Path:
    target = folder / "build"
    shutil.copytree(SOURCE, target, ignore=shutil.ignore_patterns("*.o", *SERVERS, "cln_rev"))
    standard = "-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -g"
    made = subprocess.run(
        ["make", f"CFLAGS={standard} {flags}"], cwd=target, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return target


def _connect(port: int, process: subprocess.Popen[str]) -> socket.socket:
    """Connect as soon as the server listens; a refused attempt is the state that is waited on."""
    deadline = time.monotonic() + CEILING
    pace = select.poll()
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=CEILING)
        except ConnectionRefusedError:
            assert process.poll() is None, f"the server ended: {process.communicate()[1]}"
            assert time.monotonic() < deadline, "the server does not listen"
            pace.poll(5)


def _exchange(connection: socket.socket, payload: bytes) -> None:
    connection.sendall(struct.pack("!I", len(payload)) + payload)
    with connection.makefile("rb") as stream:
        assert stream.read(len(payload)) == payload[::-1]


def _serve_clients(port: int, process: subprocess.Popen[str]) -> None:
    """Orderly clients, one that resets in mid-request, one that is cut short, one that asks too much."""
    for last_words in (b"", b"\0\0", struct.pack("!I", 100) + b"half", b"\xff\xff\xff\xff"):
        with _connect(port, process) as connection:
            for payload in PAYLOADS:
                _exchange(connection, payload)
            connection.sendall(last_words)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", bool(last_words), 0))
    with _connect(port, process) as connection:
        _exchange(connection, b"at the end")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b"", "the server closes, and by then has freed what it used"


def _run_server(command: list[str], environment: dict[str, str]) -> str:
    """Start, serve some clients, end with SIGTERM; what it wrote on stderr."""
    port = free_port()
    with subprocess.Popen(
        [*command, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            _serve_clients(port, process)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=CEILING)
        finally:
            process.kill()
    return errors


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("plain"), "-O1")


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("sanitized"), f"-O1 {SANITIZERS}")


@pytest.mark.parametrize("server", SERVERS)
def test_server_is_clean_under_the_sanitizers(sanitized: Path, server: str) -> None:
    errors = _run_server([str(sanitized / server)], {"ASAN_OPTIONS": "detect_leaks=1"})
    assert "Sanitizer" not in errors
    assert "runtime error" not in errors


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("server", SERVERS)
def test_server_is_clean_under_valgrind(plain: Path, server: str) -> None:
    errors = _run_server([*VALGRIND, str(plain / server)], {})
    summaries = re.findall(r"ERROR SUMMARY: (\d+) errors", errors)
    assert summaries, errors
    assert set(summaries) == {"0"}, errors


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_client_is_clean_under_valgrind(plain: Path, tmp_path: Path) -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "reference/reverse/python/srv_rev_sec.py"), str(port)],
        stderr=subprocess.PIPE,
        text=True,
    )
    files = []
    for number, payload in enumerate(PAYLOADS):
        files.append(tmp_path / str(number))
        files[-1].write_bytes(payload)
    try:
        _connect(port, server).close()
        run = subprocess.run(
            [*VALGRIND, str(plain / "cln_rev"), "127.0.0.1", str(port), *map(str, files)],
            capture_output=True,
            timeout=CEILING,
            check=False,
        )
    finally:
        server.kill()
        server.communicate()
    assert run.returncode == 0, run.stderr
    assert run.stdout == b"".join(payload[::-1] for payload in PAYLOADS)
