"""The vocabulary of specs/: what a check file may use besides the fixtures and the peers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from grader.watch.watch import precondition

__all__ = ["KiB", "MiB", "check", "check_id", "precondition", "requirement"]

KiB, MiB = 1 << 10, 1 << 20

F = TypeVar("F", bound=Callable[..., Any])


def check(identifier: str) -> Callable[[F], F]:
    """Tie a check function to the row of practical.toml with this id.

    The function's docstring is the requirement, word for word; it returns when the program meets
    it, and raises `SubmissionFault` or fails an assertion when not (see grader/errors.py).
    """

    def tie(function: F) -> F:
        function.__grader_check__ = identifier  # type: ignore[attr-defined]  # a mark, as pytest's own are
        return function

    return tie


def check_id(function: object) -> str | None:
    """The id that `check` gave to this function."""
    return getattr(function, "__grader_check__", None)


def requirement(function: object) -> str:
    """The first paragraph of the docstring, on one line."""
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())
