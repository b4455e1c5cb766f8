"""What counts of a submission, and how much of it: the rules that hold for folders and archives alike."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.errors import BadSubmissionError
from grader.text import bounded, printable

MIB = 1 << 20
#: What systems and editors leave behind: not looked into and not worth a note. So are `._NAME` files.
IGNORED = frozenset(
    {"__MACOSX", ".DS_Store", ".git", ".svn", ".hg", ".venv", "__pycache__", "node_modules"},
)
_NOTES = 100
_NAME_BYTES = 255  # NAME_MAX of every usual file system


@dataclass(frozen=True)
class Limits:
    """What a submission may hold. Sizes are in bytes and are held against the bytes that really come."""

    total_bytes: int = 64 * MIB  #: all files together
    file_bytes: int = 32 * MIB
    files: int = 5000
    entries: int = 20_000  #: names looked at: folders, links and ignored files too
    depth: int = 20  #: components of a path, the file's own name counted
    path_bytes: int = 1024
    archive_bytes: int = 128 * MIB  #: the archive itself
    unpacked_bytes: int = 256 * MIB  #: all that a compressed tar unpacks to, ignored files and padding too


class EmptySubmissionError(BadSubmissionError):
    """There is nothing to grade: no file, or none that counts (exit status 5)."""


@dataclass(frozen=True)
class SubmittedFile:
    """A file that counts. Its path is relative, POSIX, printable, and has no `.` or `..` in it."""

    path: str
    size: int  #: bytes, when the submission was opened
    executable: bool


class Tree:
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
            raise too_much(f"It holds more than {self.limits.entries} names")

    def admits(self, parts: Sequence[str], kind: str, target: str = "") -> bool:
        """Whether this file is to be read, or this folder looked into; notes why not."""
        path = "/".join(parts)
        if any(part in IGNORED or part.startswith("._") for part in parts):
            return False
        if not path.isprintable() or "\\" in path:
            self.note(f"skipped {shown(path)}: its name holds characters that are not printable")
            return False
        if len(parts) > self.limits.depth:
            raise too_much(f"Its folders are nested more than {self.limits.depth} deep at {shown(path)}")
        if len(path.encode()) > self.limits.path_bytes or any(len(p.encode()) > _NAME_BYTES for p in parts):
            raise too_much(f"It holds a path that is too long, {shown(path)}")
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
            raise too_much(f"The file {shown(path)} is larger than {human(self.limits.file_bytes)}")
        if self._total + size > self.limits.total_bytes:
            raise too_much(f"Its files are larger than {human(self.limits.total_bytes)} together")

    def add(self, path: str, size: int, *, executable: bool) -> None:
        self.check_size(path, size)
        self._total += size
        self._accepted += 1
        if self._accepted > self.limits.files:
            raise too_much(f"It holds more than {self.limits.files} files")
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


def too_much(happened: str) -> BadSubmissionError:
    return refusal(
        happened, "a small folder of sources", "check the path, and remove what is not part of the practical"
    )


def changed(path: str) -> BadSubmissionError:
    return refusal(
        f"The file {shown(path)} changed while it was being graded",
        "files that stay as they are",
        "try again when nothing writes to the folder",
    )


def refusal(
    happened: str,
    expected: str,
    advice: str,
    error: type[BadSubmissionError] = BadSubmissionError,
) -> BadSubmissionError:
    """The three parts of every message: what happened, what was expected, what to do next."""
    return error(f"{happened}. Expected: {expected}. What to do: {advice}.")


def shown(name: str) -> str:
    """A hostile name, safe to show and of bounded length."""
    return bounded(printable(name), 200)


def human(size: int) -> str:
    return f"{size / MIB:.0f} MiB" if size >= MIB else f"{size} bytes"


def kind_of(mode: int) -> str:
    """The kind of file that `st_mode` tells, in words for the student; a mode without a kind is a file."""
    kinds = {
        0: "file",
        stat.S_IFREG: "file",
        stat.S_IFDIR: "folder",
        stat.S_IFLNK: "symbolic link",
        stat.S_IFIFO: "FIFO",
        stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
    }
    return kinds.get(stat.S_IFMT(mode), "special file")
