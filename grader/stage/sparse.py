"""Files of zeros that take no room."""

from __future__ import annotations

import ctypes
from pathlib import Path

_FALLOC_FL_KEEP_SIZE, _FALLOC_FL_PUNCH_HOLE = 1, 2
_libc = ctypes.CDLL(None, use_errno=True)


def forget_zeros(path: Path, size: int) -> None:
    """Give back the room that the first `size` bytes, all zeros, take: on tmpfs a mapping fills it by reading."""
    mode = _FALLOC_FL_KEEP_SIZE | _FALLOC_FL_PUNCH_HOLE
    with path.open("r+b") as file:  # a file system that cannot do it has no need of it
        _libc.fallocate(file.fileno(), mode, ctypes.c_int64(0), ctypes.c_int64(size))
