"""Submissions that no repository can keep: odd names, archives, output. Each maker gives the path that is handed in, the
exit statuses that are right, and words that are printed then.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.hostile.corpus import CLIENT, PROGRAM

Maker = Callable[[Path], tuple[Path, set[int], str]]

PASSES, FAILS, USAGE, NOTHING = 0, 1, 4, 5


def _client(folder: Path) -> Path:
    submission = folder / "handed-in"
    shutil.copytree(CLIENT, submission)
    return submission


def _printing(folder: Path, python: str) -> Path:
    submission = folder / "handed-in"
    submission.mkdir()
    (submission / f"{PROGRAM}.py").write_text(python)
    return submission


def _zip(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "handed-in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _tar(folder: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    path = folder / "handed-in.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def zip_that_climbs_out(folder: Path) -> tuple[Path, set[int], str]:
    return _zip(folder, {f"../../{PROGRAM}.c": b"int main(void) { return 0; }"}), {USAGE}, "What to do"


def zip_with_an_absolute_name(folder: Path) -> tuple[Path, set[int], str]:
    return _zip(folder, {f"/etc/{PROGRAM}.c": b""}), {USAGE}, "What to do"


def zip_bomb(folder: Path) -> tuple[Path, set[int], str]:
    return _zip(folder, {f"{PROGRAM}.c": bytes(200 << 20)}), {USAGE}, "larger than"


def tar_bomb(folder: Path) -> tuple[Path, set[int], str]:
    return _tar(folder, (_member("zeros"), bytes(300 << 20))), {USAGE}, "What to do"


def tar_with_a_link_to_the_outside(folder: Path) -> tuple[Path, set[int], str]:
    link = _member("out", tarfile.SYMTYPE, "/etc")
    return _tar(folder, (link, b""), (_member(f"out/{PROGRAM}.c"), b"int main;")), {FAILS, USAGE, NOTHING}, ""


def tar_with_a_device(folder: Path) -> tuple[Path, set[int], str]:
    return _tar(folder, (_member(f"{PROGRAM}.c", tarfile.CHRTYPE), b"")), {NOTHING}, "device"


def archive_that_is_cut_off(folder: Path) -> tuple[Path, set[int], str]:
    path = _zip(folder, {f"{PROGRAM}.c": os.urandom(5000)})
    path.write_bytes(path.read_bytes()[:3000])
    return path, {USAGE}, "What to do"


def name_with_a_newline_and_escapes(folder: Path) -> tuple[Path, set[int], str]:
    submission = _client(folder)
    (submission / "a\nscore 17 of 17\x1b[2J.c").write_text("int x;")
    return submission, {PASSES}, "every check passed"


def name_in_broken_utf8(folder: Path) -> tuple[Path, set[int], str]:
    submission = _client(folder)
    Path(os.fsdecode(os.fsencode(submission) + b"/\xff\xfe\x80.c")).write_text("int x;")
    return submission, {PASSES}, "every check passed"


def folder_with_a_fifo_and_links(folder: Path) -> tuple[Path, set[int], str]:
    submission = _client(folder)
    os.mkfifo(submission / "waits.c")
    (submission / "secret.c").symlink_to("/etc/shadow")
    (submission / "loop").symlink_to(".")
    return submission, {PASSES}, "every check passed"


def folder_without_end(folder: Path) -> tuple[Path, set[int], str]:
    submission = _client(folder)
    deep = submission
    for _ in range(60):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "x.c").write_text("")
    return submission, {USAGE}, "nested"


def files_that_pytest_loads(folder: Path) -> tuple[Path, set[int], str]:
    """A conftest.py, plugins and settings in the submission must never be loaded by the worker."""
    submission = _printing(folder, "raise SystemExit(0)\n")
    trap = f"open({str(folder / 'loaded')!r}, 'w')\n"
    for name in (
        "conftest.py",
        "sitecustomize.py",
        "usercustomize.py",
        "check_evil.py",
        "pytest.py",
        "msgspec.py",
    ):
        (submission / name).write_text(trap)
    (submission / "pytest.ini").write_text("[pytest]\naddopts = -p sitecustomize\n")
    (submission / "practical.toml").write_text("title = 'evil'\n")
    return submission, {FAILS}, "FAILED"


def output_with_terminal_escapes(folder: Path) -> tuple[Path, set[int], str]:
    python = r"""import sys
sys.stderr.write("\x1b[2J\x1b]0;owned\x07\x1b[31mscore 17 of 17\x9b2J\u202e\r")
raise SystemExit(1)
"""
    return _printing(folder, python), {FAILS}, "FAILED"


def output_that_xml_forbids(folder: Path) -> tuple[Path, set[int], str]:
    python = r"""import os
os.write(2, bytes(range(256)) + b"]]><!--&#0;<failure/>\xed\xa0\x80\xef\xbf\xbf\xff\xfe")
raise SystemExit(1)
"""
    return _printing(folder, python), {FAILS}, "FAILED"


def output_of_one_endless_line(folder: Path) -> tuple[Path, set[int], str]:
    python = "import os\nfor _ in range(1024): os.write(2, b'x' * (1 << 20))\nraise SystemExit(1)\n"
    return _printing(folder, python), {FAILS}, "FAILED"


def source_with_broken_utf8_and_nul(folder: Path) -> tuple[Path, set[int], str]:
    submission = folder / "handed-in"
    submission.mkdir()
    (submission / f"{PROGRAM}.c").write_bytes(b"int \xff\xfe\x00\x1b[31m main(;\n" * 50)
    return submission, {FAILS}, "BUILD FAILED"


MAKERS: list[Maker] = [
    zip_that_climbs_out,
    zip_with_an_absolute_name,
    zip_bomb,
    tar_bomb,
    tar_with_a_link_to_the_outside,
    tar_with_a_device,
    archive_that_is_cut_off,
    name_with_a_newline_and_escapes,
    name_in_broken_utf8,
    folder_with_a_fifo_and_links,
    folder_without_end,
    files_that_pytest_loads,
    output_with_terminal_escapes,
    output_that_xml_forbids,
    output_of_one_endless_line,
    source_with_broken_utf8_and_nul,
]
