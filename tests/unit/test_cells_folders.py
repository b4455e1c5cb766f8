"""Each check finds the room's folders as the first one did, whatever was left in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cells.limits import CellLimits
from grader.cells.room import Room
from tests.unit.made_up import write_files
from tests.unit.rooms import in_worker, seen_in

FOLDERS = ["/tmp", "/dev/shm", "/data"]
SMALL = CellLimits(tmp=4 << 20, data=4 << 20)

LOOK = f"""
import os
seen = [[path, sorted(os.listdir(path)), oct(os.stat(path).st_mode & 0o7777), os.listxattr(path), os.stat(path).st_mtime == 7] for path in {FOLDERS}]
"""
LEAVE = {
    "nothing": "pass",
    "other rights": "os.chmod('/data', 0o700)",
    "a time": "os.utime('/data', (0, 7))",
    "a file that has gone": """
for path in places:
    open(path + '/left', 'w').close()
    os.unlink(path + '/left')
""",
    "an attribute": """
for path in places:
    with contextlib.suppress(OSError):  # tmpfs has them since Linux 6.6
        os.setxattr(path, "user.left", b"1")
""",
    "an access list": """
entries = [(0x01, 7, 2**32 - 1), (0x02, 7, os.getuid()), (0x04, 5, 2**32 - 1), (0x10, 7, 2**32 - 1), (0x20, 5, 2**32 - 1)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
for path in places:
    with contextlib.suppress(OSError):  # /tmp and /dev/shm are not the program's
        os.setxattr(path, "system.posix_acl_default", acl)
""",
    "files": "[open(path + '/left', 'w').write('x') for path in places]",
    "no rights": "[os.mkdir(path + '/left', 0) or os.chmod(path, 0) for path in places if path == '/data']",
    "a full disk": """
for path in places:
    with contextlib.suppress(OSError), open(path + '/left', 'wb') as file:
        while True:
            file.write(bytes(1 << 16))
            file.flush()
""",
    "no inodes": """
for path in places:
    with contextlib.suppress(OSError):
        for number in range(50_000):
            os.close(os.open(f"{path}/{number}", os.O_CREAT, 0))
""",
    "a folder without end": """
for path in places:
    os.chdir(path)
    with contextlib.suppress(OSError):
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "submission", {"toy.py": "print()\n"})


@pytest.mark.parametrize("what", LEAVE)
def test_nothing_is_left_in_the_rooms_folders(folder: Path, what: str) -> None:
    def act(room: Room) -> object:
        first = seen_in(room, LOOK)
        seen_in(room, f"import contextlib, os, struct\nplaces = {FOLDERS}\n{LEAVE[what]}\nseen = 1")
        room.kill_all()
        room.make_folders_new()
        return [first, seen_in(room, LOOK)]

    first, again = in_worker(folder, act, limits=SMALL)
    assert (
        first
        == again
        == [
            ["/tmp", [], "0o1777", [], False],
            ["/dev/shm", [], "0o1777", [], False],
            ["/data", [], "0o755", [], False],
        ]
    )


def test_what_the_worker_writes_is_there_and_gone_with_the_check(folder: Path) -> None:
    def act(room: Room) -> object:
        (room.data / "file").write_text("for the program")
        seen = seen_in(room, "seen = open('/data/file').read()")
        room.make_folders_new()
        return [seen, seen_in(room, "import os\nseen = os.listdir('/data')"), (room.data / "file").exists()]

    assert in_worker(folder, act) == ["for the program", [], False]
