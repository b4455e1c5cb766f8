"""What each program sends for its two data."""

from __future__ import annotations

import struct

FIELD = 16  #: bytes of each field of the copying program's structure
ADDRESSES = 2 * struct.calcsize("P")  #: bytes of the structure with two pointers: 16 on a 64-bit machine
LARGE = 100_000  #: bytes of a large datum; the kernel takes arguments of up to 131,071


def message(program: str, first: str, second: str) -> bytes:
    """The bytes that must arrive."""
    parts = [first.encode(), second.encode()]
    if program == "envio_multiple_copia":
        parts = [part.ljust(FIELD, b"\0") for part in parts]
    return b"".join(parts)


def counts(program: str, first: str, second: str) -> list[int]:
    """The numbers on its lines `escrito N`."""
    if program == "envio_multiple_error":
        return [ADDRESSES]
    if program.startswith("envio_multiple_2send"):
        return [len(first.encode()), len(second.encode())]
    return [len(message(program, first, second))]
