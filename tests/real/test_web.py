"""curl, wget, ab and slowhttptest against the web references, and the same answers as nginx."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.servers import CEILING, PROGRAMS, build, command, nginx, serving

BINARY = bytes(range(256)) * 500


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What is served."""
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "text.html").write_bytes(b"<p>hola</p>\n")
    (folder / "binary").write_bytes(BINARY)
    (folder / "empty").touch()
    (folder / "sub" / "inner.txt").write_bytes(b"inner\n")
    (tmp_path / "secret").write_bytes(b"not to be served\n")
    return folder


@pytest.fixture(
    params=[(language, program) for language in ("c", "python") for program in PROGRAMS], ids="-".join
)
def port(request: pytest.FixtureRequest, built: Path, root: Path) -> Iterator[int]:
    """One of the six references, serving `root`; afterwards it must still be alive."""
    language, program = request.param
    with serving(command(language, program, built), root) as port:
        yield port


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(arguments, capture_output=True, timeout=CEILING, check=False)


def curl(port: int, path: str, *options: str) -> tuple[int, bytes]:
    """(status, body) as curl sees them; it fails for a reply that is not whole."""
    done = run(
        "curl",
        "-sS",
        "--path-as-is",
        "-w",
        "%{stderr}%{http_code}",
        *options,
        f"http://127.0.0.1:{port}{path}",
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr[-3:]), done.stdout


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1"])
def test_curl_gets_files_whole(port: int, version: str) -> None:
    assert curl(port, "/text.html", version) == (200, b"<p>hola</p>\n")
    assert curl(port, "/binary", version) == (200, BINARY)
    assert curl(port, "/empty", version) == (200, b"")
    assert curl(port, "/sub/inner.txt", version) == (200, b"inner\n")


def test_wget_gets_files_whole(port: int, tmp_path: Path) -> None:
    target = tmp_path / "got"
    done = run("wget", "-q", "-O", str(target), f"http://127.0.0.1:{port}/binary")
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == BINARY
    missing = run("wget", "-q", "-O", "-", f"http://127.0.0.1:{port}/missing")
    assert missing.returncode == 8  # the server issued an error response (wget(1))


def test_answers_are_those_of_nginx(port: int, root: Path, tmp_path: Path) -> None:
    """The same status and bytes for files; the same status for what is not there; nothing outside is served."""
    with nginx(root, tmp_path) as other:
        for path in ("/text.html", "/binary", "/empty", "/sub/inner.txt", "/text.html?x=1"):
            assert curl(port, path) == curl(other, path), path
            assert curl(port, path, "-I")[0] == curl(other, path, "-I")[0] == 200
        for path in ("/missing", "/sub/missing", "/text.html/x"):
            assert curl(port, path)[0] == curl(other, path)[0] == 404, path
        for path in ("/../secret", "/%2e%2e/secret", "/sub/../../secret", "/..%2fsecret"):
            status, body = curl(port, path)
            assert status >= 400, path
            assert b"not to be served" not in body
            assert curl(other, path)[0] >= 400, path


def test_head_has_the_length_and_no_body(port: int) -> None:
    status, header = curl(port, "/binary", "-I")
    assert status == 200
    assert re.search(rb"(?im)^content-length: %d\r$" % len(BINARY), header)


def test_ab_loses_no_request(port: int) -> None:
    """300 requests, 8 at a time: a sequential server takes them one after the other."""
    done = run("ab", "-q", "-n", "300", "-c", "8", f"http://127.0.0.1:{port}/binary")
    assert done.returncode == 0, done.stderr
    assert re.search(rb"Complete requests: +300\n", done.stdout)
    assert re.search(rb"Failed requests: +0\n", done.stdout)


@pytest.mark.parametrize("attack", ["-H", "-X"], ids=["slow-headers", "slow-read"])
def test_slow_clients_only_delay(port: int, attack: str) -> None:
    """Eight slow clients hold a sequential server, as they may; when they have gone it serves as before."""
    done = run(
        *("slowhttptest", attack, "-c", "8", "-r", "8", "-i", "1", "-l", "3", "-p", "2"),
        *("-u", f"http://127.0.0.1:{port}/binary"),
    )
    assert done.returncode == 0, done.stderr
    assert curl(port, "/text.html") == (200, b"<p>hola</p>\n")
