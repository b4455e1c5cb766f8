"""Whose fault an error of the kernel is: told by the object that it is about, never by its number alone.

A room's folders and processes belong to the program: it may fill, lock, replace or remove them and end while it is looked at.
What the grader runs short of itself (descriptors, memory) is its own, whatever it was about.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path

from grader.errors import SubmissionFault
from grader.observe.proc import ProcessGoneError

_OWN_WANT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN})
_PROCESS = re.compile(r"/proc/(\d+)(/|$)")


def by_origin(error: OSError, data: Path, *, started: bool) -> SubmissionFault | ProcessGoneError | None:
    """What an escaped error means for the program; None when the grader is to blame.

    `data` is the programs' folder as this side sees it; before any program has `started` nobody but the grader was there.
    An error without a name (of write(2), say) tells nothing of its origin: `grader.worker.scene` names what it writes.
    """
    if error.errno in _OWN_WANT or not isinstance(error.filename, str | Path):
        return None
    path = Path(error.filename)
    if (process := _PROCESS.match(str(path))) is not None:
        # ENOENT and ESRCH alone: what may not be read is the grader's lack of rights over its own room.
        return ProcessGoneError(int(process[1])) if error.errno in (errno.ENOENT, errno.ESRCH) else None
    if started and path.is_relative_to(data):
        shown = "/data" if path == data else f"/data/{path.relative_to(data)}"
        return SubmissionFault(
            f"the program changed its folder so that {shown} could not be used there",
            expected="what a program is given stays as it is, and its folder can be written to",
            actual=f"{shown}: {error.strerror}",
        )
    return None


def named(error: OSError, path: Path) -> OSError:
    """The same error, about this path."""
    return OSError(error.errno, error.strerror, str(path))
