"""Write reports where somebody else may have been before: a folder of the student's holds whatever the student put there.

A link would lead the instructor's hand elsewhere, and a pipe would hold it for ever; both are refused by name. Links further
up in the path are the user's own business.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from grader.errors import UsageError

_MODE = 0o666  #: less the umask


def make(folder: Path) -> None:
    """Make this folder unless it is there; raises `UsageError` when something else is."""
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(folder):
        pass


def write(file: Path, content: bytes) -> None:
    """Write a file whole, or leave the one that is there; raises `UsageError` when that is no regular file."""
    with _opened(file.parent) as folder:
        mode = _mode_of_regular(file, folder)
        fresh = f".{file.name}.{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(fresh, flags, _MODE, dir_fd=folder), "wb") as written:
                if mode is not None:  # who may read the report stays as it was
                    os.fchmod(written.fileno(), mode)
                written.write(content)
            os.rename(fresh, file.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fresh, dir_fd=folder)
            raise


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except NotADirectoryError:
        kind = "is a symbolic link" if folder.is_symlink() else "is no folder"
        raise UsageError(f"cannot write the reports: {folder} {kind}; name a folder of your own") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _mode_of_regular(file: Path, folder: int) -> int | None:
    """The permissions of the file that is there, None when there is none."""
    try:
        mode = os.stat(file.name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "no regular file"
        raise UsageError(f"cannot write the reports: {file} is {kind}; remove it, or name another folder")
    return stat.S_IMODE(mode)
