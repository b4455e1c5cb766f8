"""Whose fault an error of the kernel is: told by the object that it is about, never by its number alone.

A room's folders and processes belong to the program: it may fill, lock, replace or remove them and end while it is looked at.
Errors that no program can bring about there are the machine's, or the grader's own, whatever they are about.
"""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterator
from pathlib import Path

from grader.errors import SubmissionFault
from grader.observe.proc import ProcessGoneError

#: What a program can bring about in a folder of its own; what is not among them (EIO, EDQUOT, EMFILE ...) is the machine's or ours.
_ITS_DOING = frozenset(
    {errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.EMLINK, errno.ENAMETOOLONG, errno.ENOENT}
    | {errno.ENOSPC, errno.ENOTDIR, errno.ENOTEMPTY, errno.ENXIO, errno.EPERM, errno.ETXTBSY}
)
_PROCESS = re.compile(r"/proc/(\d+)(/|$)")


def by_origin(error: OSError, data: Path, *, started: bool) -> SubmissionFault | ProcessGoneError | None:
    """What an escaped error means for the program; None when the grader is to blame.

    `data` is the programs' folder as this side sees it; before any program has `started` nobody but the grader was there.
    An error without a name tells nothing of its origin; `about` gives it one.
    """
    if not isinstance(error.filename, str | Path):
        return None
    path = Path(error.filename)
    if (process := _PROCESS.match(str(path))) is not None:
        # What may not be read, or is not there of a process that lives, is the grader's trouble with this machine.
        return None if Path(process[0]).exists() else ProcessGoneError(int(process[1]))
    if started and error.errno in _ITS_DOING and path.is_relative_to(data):
        shown = "/data" if path == data else f"/data/{path.relative_to(data)}"
        return SubmissionFault(
            f"the program changed its folder so that {shown} could not be used there",
            expected="what a program is given stays as it is, and its folder can be written to",
            actual=f"{shown}: {error.strerror}",
        )
    return None


@contextlib.contextmanager
def about(path: Path) -> Iterator[None]:
    """What is done here is done to this path: an error of write(2), say, does not name it by itself."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
