"""Opens what a student handed in, a folder or an archive, so that no name and no size in it can do harm.

A folder is read through descriptors that never follow a symbolic link, and only when it is copied; an
archive is read once, into memory. Names that could leave the target make an archive unacceptable; files that
merely cannot be used (links, devices, unprintable names) are left out with a note for the student.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self

from grader.archives import CHUNK, Member, members
from grader.errors import BadSubmissionError
from grader.intake import (
    EmptySubmissionError,
    Limits,
    SubmittedFile,
    Tree,
    changed,
    human,
    kind_of,
    refusal,
    shown,
    too_much,
)

__all__ = ["EmptySubmissionError", "Limits", "Submission", "SubmittedFile", "open_submission"]

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})  # the machine's troubles, not the student's
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY  # a FIFO must not hold us
_FOLDER = _OPEN | os.O_NOFOLLOW | os.O_DIRECTORY
_FILE = _OPEN | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Submission:
    """An opened submission; close it, or use it in a `with`. Several threads may read and copy it."""

    def __init__(
        self, name: str, tree: Tree, opener: Callable[[str], BinaryIO], close: Callable[[], None]
    ) -> None:
        found = tree.finished()
        self.name = name  #: of the folder or archive, safe to show
        self._wrapping = _wrapping_folder(found)
        self.files: tuple[SubmittedFile, ...] = tuple(
            SubmittedFile(file.path.removeprefix(self._wrapping), file.size, file.executable)
            for file in found
        )
        self.notes: list[str] = tree.notes  #: for the student: what was left out and why; safe to show
        self._limits = tree.limits
        self._opener = opener  # takes paths with the wrapping folder
        self._close = contextlib.ExitStack()
        self._close.callback(close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._close.close()  # does nothing the second time

    def copy_to(self, dirfd: int) -> None:
        """Writes all files below the folder open at `dirfd`, which should be empty.

        Modes are 0644, 0755 for executables and folders, whatever the umask; every file gets the same time, so
        `make` finds nothing older than its sources. Only new files and folders are made, and no symbolic link
        is followed. Raises BadSubmissionError when a file changed into something else or grew over the limits,
        OSError when the target cannot be written (FileExistsError when a name is taken); what was
        written by then stays.
        """
        for folder in _folders_of(self.files):
            _make_folder(dirfd, folder)
        now = time.time_ns()
        room = self._limits.total_bytes
        for file in self.files:
            with self._open(file.path) as source:
                room -= _copy_file(source, dirfd, file, now, min(room, self._limits.file_bytes))

    def read(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of one of `files`, by its path there. Raises as `copy_to` does."""
        with self._open(path) as source:
            return source.read(limit)

    def _open(self, path: str) -> BinaryIO:
        try:
            return self._opener(self._wrapping + path)
        except OSError as error:
            if error.errno in _OURS:
                raise
            raise changed(path) from error


def open_submission(path: Path, limits: Limits | None = None) -> Submission:
    """Opens the folder or archive at `path`; a symbolic link at `path` itself is followed.

    Raises EmptySubmissionError when no file in it counts, BadSubmissionError when it cannot be read, is
    neither folder nor archive, is damaged or hostile, or exceeds `limits`; OSError when this machine is out of
    descriptors or memory.
    """
    name = shown(path.name if path.name not in {"", ".."} else str(path.absolute()))
    tree = Tree(limits or Limits())
    try:
        fd = _open_root(path)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            return _open_folder(fd, name, tree)
        with open(fd, "rb") as archive:  # noqa: PTH123 - a descriptor, not a path
            return _open_archive(archive, name, tree)
    except BadSubmissionError as error:
        raise type(error)(f"{name}: {error}") from error


def _open_root(path: Path) -> int:
    try:
        kind = kind_of(path.stat().st_mode)
        if kind in {"file", "folder"}:  # opening a device may already do something
            return os.open(path, _OPEN)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, OSError) and error.errno in _OURS:
            raise
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refusal(
            f"It cannot be opened ({why})",
            "a folder or an archive that exists and that you may read",
            "check the path and its permissions",
        ) from error
    raise refusal(
        f"It is a {kind}", "a folder or an archive", "give the folder with the sources, or a .zip of it"
    )


def _wrapping_folder(files: Sequence[SubmittedFile]) -> str:
    """`name/` of the one folder that holds everything, or an empty string."""
    tops = {file.path.partition("/")[0] for file in files}
    return f"{tops.pop()}/" if len(tops) == 1 and "/" in files[0].path else ""


# --- folders -------------------------------------------------------------------------------------------


def _open_below(root: int, path: str) -> BinaryIO:
    *folders, name = path.split("/")
    parent = _descend(root, folders)
    try:
        return _open_regular(name, parent)
    finally:
        os.close(parent)


def _open_folder(fd: int, name: str, tree: Tree) -> Submission:
    try:
        _walk(tree, fd, ())
        return Submission(name, tree, partial(_open_below, fd), partial(os.close, fd))
    except BaseException:
        os.close(fd)
        raise


def _walk(tree: Tree, dirfd: int, above: tuple[str, ...]) -> None:
    names = []
    with os.scandir(dirfd) as entries:
        for entry in entries:
            tree.count_entry()
            names.append(entry.name)
    for name in sorted(names):
        parts = (*above, name)
        try:
            _visit(tree, dirfd, parts)
        except OSError as error:
            if error.errno in _OURS:
                raise
            tree.note(f"skipped {shown('/'.join(parts))}: {error.strerror}")


def _visit(tree: Tree, dirfd: int, parts: tuple[str, ...]) -> None:
    name = parts[-1]
    kind = kind_of(os.stat(name, dir_fd=dirfd, follow_symlinks=False).st_mode)
    target = os.readlink(name, dir_fd=dirfd) if kind == "symbolic link" else ""
    if not tree.admits(parts, kind, target):
        return
    if kind == "folder":
        child = os.open(name, _FOLDER, dir_fd=dirfd)
        try:
            _walk(tree, child, parts)
        finally:
            os.close(child)
        return
    with _open_regular(name, dirfd) as file:  # what can be opened now is what will be copied
        status = os.fstat(file.fileno())
    tree.add("/".join(parts), status.st_size, executable=bool(status.st_mode & 0o111))


def _open_regular(name: str, dirfd: int) -> BinaryIO:
    fd = os.open(name, _FILE, dir_fd=dirfd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):  # it was one a moment ago
        os.close(fd)
        raise OSError(errno.EINVAL, "it is no regular file any more")
    return open(fd, "rb")  # noqa: PTH123 - a descriptor, which the caller closes


def _descend(root: int, folders: Iterable[str]) -> int:
    """A new descriptor of a folder below `root`, reached without following any symbolic link."""
    fd = os.dup(root)
    for name in folders:
        try:
            below = os.open(name, _FOLDER, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd


# --- archives ------------------------------------------------------------------------------------------


def _open_archive(archive: BinaryIO, name: str, tree: Tree) -> Submission:
    if os.fstat(archive.fileno()).st_size > tree.limits.archive_bytes:
        raise too_much(f"The archive is larger than {human(tree.limits.archive_bytes)}")
    contents: dict[str, bytes] = {}
    executables: set[str] = set()
    for member in members(archive, tree.limits):
        tree.count_entry()
        parts = archive_parts(member)
        linked = str(PurePosixPath(member.target)) if member.kind == "hard link" else None
        kind = "file" if linked in contents else member.kind
        if not parts or not tree.admits(parts, kind, member.target) or kind == "folder":
            continue
        path = "/".join(parts)
        executable = linked in executables if linked else member.executable
        contents[path] = contents[linked] if linked else _read_member(member, path, tree)
        (executables.add if executable else executables.discard)(path)
        tree.add(path, len(contents[path]), executable=executable)
    return Submission(name, tree, lambda path: io.BytesIO(contents[path]), contents.clear)


def _read_member(member: Member, path: str, tree: Tree) -> bytes:
    data = bytearray()
    for chunk in member.chunks():
        data += chunk
        tree.check_size(path, len(data))
    return bytes(data)


def archive_parts(member: Member) -> tuple[str, ...]:
    """The components of a member's name; none for the root itself. Raises for a name that could escape."""
    parts = tuple(part for part in member.name.split("/") if part not in {"", "."})
    if (
        member.name.startswith("/")
        or "\\" in member.name
        or "\0" in member.name
        or any(part == ".." or re.match("[A-Za-z]:", part) for part in parts)
        or not (parts or (member.name and member.kind == "folder"))
    ):
        raise refusal(
            f"The archive holds the entry '{shown(member.name)}', which could be written outside of its folder",
            "relative names without '..', '\\' or drive letters",
            "pack the folder again with the system's own tools",
        )
    return parts


# --- copying -------------------------------------------------------------------------------------------


def _folders_of(files: Iterable[SubmittedFile]) -> list[tuple[str, ...]]:
    """Every folder that the files need, parents first."""
    return sorted(
        {parent.parts for file in files for parent in PurePosixPath(file.path).parents if parent.parts}
    )


def _make_folder(dirfd: int, folder: tuple[str, ...]) -> None:
    parent = _descend(dirfd, folder[:-1])
    try:
        os.mkdir(folder[-1], 0o755, dir_fd=parent)
        made = os.open(folder[-1], _FOLDER, dir_fd=parent)
        os.fchmod(made, 0o755)
        os.close(made)
    finally:
        os.close(parent)


def _copy_file(source: BinaryIO, dirfd: int, file: SubmittedFile, now: int, room: int) -> int:
    *folders, name = file.path.split("/")
    mode = 0o755 if file.executable else 0o644
    parent = _descend(dirfd, folders)
    try:
        fd = os.open(name, _NEW, mode, dir_fd=parent)
    finally:
        os.close(parent)
    written = 0
    with open(fd, "wb") as target:  # noqa: PTH123 - a descriptor, not a path
        os.fchmod(fd, mode)
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > room:
                raise changed(file.path)
            target.write(chunk)
        target.flush()
        os.utime(fd, ns=(now, now))
    return written
