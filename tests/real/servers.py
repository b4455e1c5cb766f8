"""Start a web server of ours, or nginx, on a free port of the loopback interface."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.observe.sockets import SocketTable
from tests.free_ports import free_port

ROOT = Path(__file__).parent.parent.parent
SOURCES = ROOT / "reference" / "web"
PROGRAMS = ("srv_web_read_send", "srv_web_mmap_writev", "srv_web_sendfile")
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"  #: not every user's PATH has the directory
CEILING = 60.0  #: seconds that mean failure

CONFIGURATION = """
worker_processes 1;
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 256; }}
http {{
    sendfile on;
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def build(place: Path) -> Path:
    """The C references, built in a copy below `place`."""
    folder = place / "web"
    shutil.copytree(SOURCES / "c", folder, ignore=shutil.ignore_patterns("*.o"))
    subprocess.run(["make", "-C", str(folder)], check=True, capture_output=True)
    return folder


def command(language: str, program: str, built: Path) -> list[str]:
    """How to start one of the references; its port follows."""
    if language == "c":
        return [str(built / program)]
    return [sys.executable, str(SOURCES / "python" / f"{program}.py")]


@contextlib.contextmanager
def serving(start: Sequence[str], root: Path) -> Iterator[int]:
    """Run a reference in `root` for as long as the block lasts; its port."""
    port = free_port()
    with _running([*start, str(port)], root, port):
        yield port


@contextlib.contextmanager
def nginx(root: Path, place: Path) -> Iterator[int]:
    """Run nginx with one worker and sendfile on; its port."""
    port = free_port()
    configuration = place / f"nginx-{port}.conf"
    configuration.write_text(CONFIGURATION.format(place=place, port=port, root=root))
    with _running(
        [NGINX, "-p", str(place), "-e", str(place / "error.log"), "-c", str(configuration)], root, port
    ):
        yield port


@contextlib.contextmanager
def _running(start: Sequence[str], root: Path, port: int) -> Iterator[None]:
    process = subprocess.Popen(start, cwd=root, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pidfd = os.pidfd_open(process.pid)
    try:
        with SocketTable() as table:
            while not table.listening(port):
                ended, _, _ = select.select([pidfd], [], [], 0.001)
                assert not ended, f"{start[0]} ended with {process.wait()} before it listened"
        yield
        assert process.poll() is None, f"{start[0]} ended with {process.poll()}"
    finally:
        process.kill()
        process.wait()
        os.close(pidfd)
