"""The folders that a room's programs may write to: before each check they are as if nobody had been there.

What was left in one would tell the next run of the same program that it is not the first, or stand in its way: a full disk,
a folder without rights, one so deep that nobody gets to its end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from grader import kernel
from grader.cells.limits import CellLimits
from grader.errors import CellError

#: Runs a command in the room, to its end.
Run = Callable[[Sequence[str]], None]


class Folders(Protocol):
    """The room's folders."""

    data: Path  #: this side's path of /data

    def make_new(self, run: Run) -> None:
        """Give the room new ones; none of its programs runs."""


class MountedFolders:
    """New file systems, mounted over the ones before: nothing in those can stand in the way, they are just let go.

    One in which nothing was left stays: to unmount it takes the kernel a millisecond or more (synchronize_rcu).

    They are mounted on this side, in a folder whose mount the room's are slaves of, and so appear on the other
    (mount_namespaces(7), "shared subtrees"): the room itself has no right to mount anything.
    """

    def __init__(self, place: Path, limits: CellLimits) -> None:
        """Below the folder `place`, which is made; each folder is bound into the room before `make_new`."""
        place.mkdir()
        kernel.mount("grader", str(place), "tmpfs", _FLAGS, "mode=0700,size=64k,nr_inodes=16")
        kernel.mount("none", str(place), None, kernel.MS_SHARED)
        self.data = place / "data"
        tmp = f"mode=1777,size={limits.tmp},nr_inodes={limits.inodes}"
        data = f"mode=0755,size={min(limits.data, limits.disk)},nr_inodes={limits.inodes}"
        self._options = {place / "tmp": tmp, place / "shm": tmp, self.data: data}
        self._mounted: dict[Path, _State] = {}
        for folder in self._options:
            folder.mkdir()
        self.sources: Mapping[str, Path] = {  #: by the path in the room
            "/tmp": place / "tmp",  # noqa: S108 - the room's own
            "/dev/shm": place / "shm",  # noqa: S108
            "/data": self.data,
        }

    def make_new(self, run: Run) -> None:  # noqa: ARG002 - the room need not do it
        try:
            for folder, options in self._options.items():
                if folder in self._mounted:
                    if self._mounted[folder] == _state(folder):
                        continue
                    kernel.unmount(str(folder))
                    del self._mounted[folder]
                kernel.mount("grader", str(folder), "tmpfs", _FLAGS, options)
                self._mounted[folder] = _state(folder)
        except OSError as error:  # this worker is of no more use
            raise CellError(f"the room's folders could not be made new: {error}") from error


_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV

#: Of a file system's root: when it was changed, mode, owner, group, names of extended attributes; how many inodes and blocks are free.
_State = tuple[int, int, int, int, tuple[str, ...], int, int]


def _state(folder: Path) -> _State:
    """Whatever a program can leave changes it: a file takes an inode, and no call sets the time of change (inode(7))."""
    root, free = folder.stat(), os.statvfs(folder)
    owner = root.st_uid, root.st_gid
    return root.st_ctime_ns, root.st_mode, *owner, tuple(os.listxattr(folder)), free.f_ffree, free.f_bfree


class EmptiedFolders:
    """Where nothing can be mounted (a container): what stands in them is removed, and their rights are as at first."""

    def __init__(self, root: Path) -> None:
        """`root`: this side's path of the room's root folder."""
        self.data = root / "data"
        self._modes = {
            place: stat.S_IMODE(place.stat().st_mode)
            for place in (self.data, root / "tmp", root / "dev" / "shm")
        }
        self._root = root

    def make_new(self, run: Run) -> None:
        for folder, mode in self._modes.items():
            if stat.S_IMODE(folder.stat().st_mode) != mode or not _emptied(folder):
                self._as_the_programs_user(run, folder, mode)

    def _as_the_programs_user(self, run: Run, folder: Path, mode: int) -> None:
        """What a program made is its user's, who may not be ours, or too deep for a recursion."""
        script = 'chmod -R u+rwX "$1" 2>/dev/null; find "$1" -mindepth 1 -delete; chmod "$2" "$1"'
        run(["/bin/sh", "-c", script, "sh", f"/{folder.relative_to(self._root)}", f"{mode:o}"])


def _emptied(folder: Path) -> bool:
    """Whether all that stands in it could be removed."""
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError, RecursionError):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)  # resists symbolic links (os.fwalk with dir_fd)
            else:
                Path(entry.path).unlink()
    return not any(os.scandir(folder))
