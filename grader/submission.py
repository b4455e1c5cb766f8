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
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self

from grader.archives import CHUNK, Limits, Member, human, kind_of, members, refusal, shown
from grader.errors import BadSubmissionError

__all__ = ["EmptySubmissionError", "Limits", "Submission", "SubmittedFile", "open_submission"]

#: What systems and editors leave behind: not looked into and not worth a note. So are `._NAME` files.
IGNORED = frozenset(
    {"__MACOSX", ".DS_Store", ".git", ".svn", ".hg", ".venv", "__pycache__", "node_modules"},
)
_NOTES = 100
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})  # the machine's troubles, not the student's
_NAME_BYTES = 255  # NAME_MAX of every usual file system
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY  # a FIFO must not hold us
_FOLDER = _OPEN | os.O_NOFOLLOW | os.O_DIRECTORY
_FILE = _OPEN | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class EmptySubmissionError(BadSubmissionError):
    """There is nothing to grade: no file, or none that counts (exit status 5)."""


@dataclass(frozen=True)
class SubmittedFile:
    """A file that counts. Its path is relative, POSIX, printable, and has no `.` or `..` in it."""

    path: str
    size: int  #: bytes, when the submission was opened
    executable: bool


class Submission:
    """An opened submission; close it, or use it in a `with`. Several threads may read and copy it."""

    def __init__(
        self, name: str, tree: _Tree, opener: Callable[[str], BinaryIO], close: Callable[[], None]
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

    def _open(self, path: str) -> BinaryIO:
        try:
            return self._opener(self._wrapping + path)
        except OSError as error:
            if error.errno in _OURS:
                raise
            raise _changed(path) from error


def open_submission(path: Path, limits: Limits | None = None) -> Submission:
    """Opens the folder or archive at `path`; a symbolic link at `path` itself is followed.

    Raises EmptySubmissionError when no file in it counts, BadSubmissionError when it cannot be read, is
    neither folder nor archive, is damaged or hostile, or exceeds `limits`; OSError when this machine is out of
    descriptors or memory.
    """
    name = shown(path.name if path.name not in {"", ".."} else str(path.absolute()))
    tree = _Tree(limits or Limits())
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


# --- what counts ---------------------------------------------------------------------------------------


class _Tree:
    """Collects the files that count, and holds the limits while they come."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.notes: list[str] = []
        self._files: dict[str, SubmittedFile] = {}
        self._entries = 0
        self._accepted = 0
        self._total = 0
        self._notes_left_out = 0

    def note(self, text: str) -> None:
        if len(self.notes) < _NOTES:
            self.notes.append(text)
        else:
            self._notes_left_out += 1

    def count_entry(self) -> None:
        self._entries += 1
        if self._entries > self.limits.entries:
            raise _too_much(f"It holds more than {self.limits.entries} names")

    def admits(self, parts: Sequence[str], kind: str, target: str = "") -> bool:
        """Whether this file is to be read, or this folder looked into; notes why not."""
        path = "/".join(parts)
        if any(part in IGNORED or part.startswith("._") for part in parts):
            return False
        if not path.isprintable() or "\\" in path:
            self.note(f"skipped {shown(path)}: its name holds characters that are not printable")
            return False
        if len(parts) > self.limits.depth:
            raise _too_much(f"Its folders are nested more than {self.limits.depth} deep at {shown(path)}")
        if len(path.encode()) > self.limits.path_bytes or any(len(p.encode()) > _NAME_BYTES for p in parts):
            raise _too_much(f"It holds a path that is too long, {shown(path)}")
        if kind not in {"file", "folder"}:
            self.note(f"skipped {kind} {shown(path)}" + (f" -> {shown(target)}" if target else ""))
            return False
        if kind == "file" and path.endswith(".o"):
            self.note(f"skipped object file {shown(path)}: it is compiled again from the sources")
            return False
        return True

    def check_size(self, path: str, size: int) -> None:
        """Raises BadSubmissionError when a file of `size` bytes (so far) is more than may come."""
        if size > self.limits.file_bytes:
            raise _too_much(f"The file {shown(path)} is larger than {human(self.limits.file_bytes)}")
        if self._total + size > self.limits.total_bytes:
            raise _too_much(f"Its files are larger than {human(self.limits.total_bytes)} together")

    def add(self, path: str, size: int, *, executable: bool) -> None:
        self.check_size(path, size)
        self._total += size
        self._accepted += 1
        if self._accepted > self.limits.files:
            raise _too_much(f"It holds more than {self.limits.files} files")
        if path in self._files:
            self.note(f"{shown(path)} is in the archive more than once: the last one counts")
        self._files[path] = SubmittedFile(path, size, executable)

    def finished(self) -> list[SubmittedFile]:
        """The files, sorted by path. Raises EmptySubmissionError when there is none."""
        files = []
        for path, file in sorted(self._files.items()):
            above = next((str(p) for p in PurePosixPath(path).parents if str(p) in self._files), None)
            if above is None:
                files.append(file)
            else:  # only an archive can hold a file and a folder of one name
                self.note(f"skipped {shown(path)}: {shown(above)} is a file in the same archive")
        if self._notes_left_out:
            self.notes.append(f"and {self._notes_left_out} more remarks of this kind")
        if not files:
            because = f" ({'; '.join(self.notes[:3])})" if self.notes else ""
            raise refusal(
                f"There is nothing to grade in it{because}",
                "at least one source file, such as emisor.c or srv_rev_sec.py",
                "put the sources in it and hand it in again",
                EmptySubmissionError,
            )
        return files


def _too_much(happened: str) -> BadSubmissionError:
    return refusal(
        happened, "a small folder of sources", "check the path, and remove what is not part of the practical"
    )


def _changed(path: str) -> BadSubmissionError:
    return refusal(
        f"The file {shown(path)} changed while it was being graded",
        "files that stay as they are",
        "try again when nothing writes to the folder",
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


def _open_folder(fd: int, name: str, tree: _Tree) -> Submission:
    try:
        _walk(tree, fd, ())
        return Submission(name, tree, partial(_open_below, fd), partial(os.close, fd))
    except BaseException:
        os.close(fd)
        raise


def _walk(tree: _Tree, dirfd: int, above: tuple[str, ...]) -> None:
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


def _visit(tree: _Tree, dirfd: int, parts: tuple[str, ...]) -> None:
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


def _open_archive(archive: BinaryIO, name: str, tree: _Tree) -> Submission:
    if os.fstat(archive.fileno()).st_size > tree.limits.archive_bytes:
        raise _too_much(f"The archive is larger than {human(tree.limits.archive_bytes)}")
    contents: dict[str, bytes] = {}
    executables: set[str] = set()
    for member in members(archive, tree.limits):
        tree.count_entry()
        parts = _archive_parts(member)
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


def _read_member(member: Member, path: str, tree: _Tree) -> bytes:
    data = bytearray()
    for chunk in member.chunks():
        data += chunk
        tree.check_size(path, len(data))
    return bytes(data)


def _archive_parts(member: Member) -> tuple[str, ...]:
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
                raise _changed(file.path)
            target.write(chunk)
        target.flush()
        os.utime(fd, ns=(now, now))
    return written
