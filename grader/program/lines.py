"""What a program said on stdout: a word and a number on a line, however they are written."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_NUMBER = re.compile(r"-?\d+")


def numbers(output: bytes, word: str) -> list[int]:
    """The number of each line that has the word: the first after it, else the first on the line.

    Case, accents, colons and other text do not matter: `Leído: 5 bytes` says the same as `leido 5`.
    """
    found = []
    for line in plain(output).splitlines():
        place = line.find(word)
        if place < 0:
            continue
        number = _NUMBER.search(line, place + len(word)) or _NUMBER.search(line)
        if number is not None:
            found.append(int(number.group()[:20]))
    return found


def all_numbers(output: bytes) -> list[int]:
    """Every number that it has printed, at most 20 characters of each."""
    return [int(number[:20]) for number in _NUMBER.findall(plain(output))]


def plain(output: bytes) -> str:
    """In lower case and without accents; bytes that are no UTF-8 are replaced."""
    if output.isascii():  # as nearly always, and asked at every look at the program
        return output.decode("ascii").lower()
    return "".join(map(_base, output.decode(errors="replace"))).lower()


@functools.lru_cache(maxsize=4096)
def _base(letter: str) -> str:
    """The letter without its accents. One by one: to put a million of them in order takes minutes (NFKD sorts)."""
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in parts if not unicodedata.combining(part))


class Growing(Generic[T]):
    """What the complete lines of a growing output say: each line is read once, however often one asks."""

    def __init__(self, read: Callable[[bytes], list[T]]) -> None:
        self._read = read  #: is given complete lines
        self._found: list[T] = []
        self._seen = 0

    def of(self, output: bytes) -> list[T]:
        """All that has been said so far; the list goes on growing."""
        end = output.rfind(b"\n") + 1
        if end > self._seen:
            self._found += self._read(output[self._seen : end])
            self._seen = end
        return self._found
