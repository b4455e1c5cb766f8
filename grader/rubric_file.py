"""rubric.toml: an instructor's own points, limits and dates, laid over those of specs/.

docs/rubric.md describes the file. Every mistake in it is a `UsageError` that names file, key, what was expected
and what may have been meant.
"""

from __future__ import annotations

import difflib
import math
import tomllib
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, tzinfo
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from grader.errors import UsageError
from grader.job import TIERS
from grader.practical import Check, Practical
from grader.rubric import CREDITS, HIDDEN_POINTS, Limits, Rubric, Worth

_Table = dict[str, Any]
_TABLES = ("practicals", "checks")


class _ExpectedError(Exception):
    """The value is of another kind than this key wants; the text says which kind."""


def read_rubric(file: Path, practicals: Mapping[str, Practical]) -> Rubric:
    """The rubric of `file`, which may speak of any of `practicals`."""
    reader = _Reader(file)
    content = reader.toml()
    zone = reader.zone(content.pop("timezone", None))
    top = reader.values("the top of the file", content, _TOP, also=(*_TABLES, "timezone"))
    of_practicals = reader.entries("practicals", content, practicals, _PRACTICAL)
    checks = {c.id: c for practical in practicals.values() for c in practical.checks.values()}
    of_checks = reader.entries("checks", content, checks, _CHECK)
    worth: dict[str, Worth] = {}
    limits: dict[str, Limits] = {}
    for name, practical in practicals.items():
        said = of_practicals.get(name, {})
        weights = said.pop("tier_weights", {})
        limits[name] = Limits(**said)
        for check in practical.checks.values():
            worth[check.id] = reader.worth(
                check, weights.get(check.tier, 1.0), of_checks.get(check.id, {}), zone
            )
    return Rubric(worth, limits, source=file.name, **top)


# What each key takes: a function that gives the value, or says what it expected.


def _points(value: Any) -> float:
    return _number(value, "a number of points, 0 or more")


def _weight(value: Any) -> float:
    return _number(value, "a number that points are multiplied by, 0 or more")


def _percent(value: Any) -> float:
    return _number(value, "a percentage, a number from 0 to 100", highest=100.0)


def _number(value: Any, expected: str, highest: float = math.inf) -> float:
    # TOML has true, nan and inf, which Python would take for numbers.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _ExpectedError(expected)
    if not 0 <= value <= highest:
        raise _ExpectedError(expected)
    return round(float(value), 6)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _ExpectedError("true or false, without quotes")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _ExpectedError("text in quotes")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def choose(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            close = difflib.get_close_matches(str(value), choices, 1)
            meant = f" (did you mean '{close[0]}'?)" if close else ""
            raise _ExpectedError(" or ".join(f'"{choice}"' for choice in choices) + meant)
        return value

    return choose


def _required(value: Any) -> str:
    """`true` is what one writes first: the practical depends on the check."""
    if isinstance(value, bool):
        return "practical" if value else "no"
    if not isinstance(value, str) or value not in {"practical", "program"}:
        raise _ExpectedError('true, false, "practical" (the same as true) or "program"')
    return value


def _date(value: Any) -> date:
    # A datetime is a date too; the ends of the calendar cannot be moved to another zone.
    if not isinstance(value, date) or not 1970 <= value.year < 9999:
        raise _ExpectedError(
            "a date or a date with a time, without quotes: 2026-12-01 or 2026-12-01T18:00:00"
        )
    return value


def _by_tier(kind: Callable[[Any], float]) -> Callable[[Any], dict[str, float]]:
    def read(value: Any) -> dict[str, float]:
        expected = "tiers and numbers: { core = 1, robust = 0.5 }"
        if not isinstance(value, dict):
            raise _ExpectedError(expected)
        for tier in value:
            if tier not in TIERS:
                raise _ExpectedError(f"{expected}; '{tier}' is none of {', '.join(TIERS)}")
        return {tier: kind(number) for tier, number in value.items()}

    return read


_Keys = Mapping[str, Callable[[Any], Any]]

_TOP: _Keys = {"title": _text, "hidden_points": _one_of(*HIDDEN_POINTS)}
_PRACTICAL: _Keys = {
    "tier_weights": _by_tier(_weight),
    "tier_at_most": _by_tier(_points),
    "at_most": _points,
    "bonus_at_most": _points,
    "percent_without_core": _percent,
    "percent_without_required": _percent,
}
_CHECK: _Keys = {
    "points": _points,
    "weight": _weight,
    "credit": _one_of(*CREDITS),
    "bonus": _flag,
    "required": _required,
    "omit": _flag,
    "hidden_until": _date,
}
#: Of two tables that speak of one check the later wins, also where it says the same thing in another way.
_INSTEAD_OF = {"points": "weight", "weight": "points"}


class _Reader:
    """Reads the tables of one file, and refuses what it does not understand."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def refuse(self, where: str, message: str) -> NoReturn:
        raise UsageError(f"{self._file}: {where}: {message}")

    def toml(self) -> _Table:
        try:
            return tomllib.loads(self._file.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{self._file}: the rubric cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{self._file}: the rubric is not UTF-8 text: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise UsageError(
                f"{self._file}: this is not TOML: {error}. Patterns and ids stand in quotes:"
                ' [checks."reverse.slow-*"]; dates and numbers do not.'
            ) from error

    def zone(self, name: Any) -> tzinfo | None:
        """None is the zone of this machine."""
        if name is None:
            return None
        try:
            return zoneinfo.ZoneInfo(_text(name))
        except (_ExpectedError, ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            self.refuse(
                "the top of the file", f'timezone = {_shown(name)}: expected a name such as "Europe/Madrid"'
            )

    def entries(self, kind: str, content: _Table, known: Iterable[str], keys: _Keys) -> dict[str, _Table]:
        """What the tables [KIND."PATTERN"] say of each name; of two that say something the later wins."""
        tables, names = content.get(kind, {}), list(known)
        if not isinstance(tables, dict):
            self.refuse(kind, f'expected tables such as [{kind}."{names[0]}"], not {_shown(tables)}')
        said: dict[str, _Table] = {}
        for pattern, table in tables.items():
            where = f'[{kind}."{pattern}"]'
            self._refuse_nesting(kind, pattern, table)
            matches = [name for name in names if fnmatchcase(name, pattern)]
            if not matches:
                self._refuse_unknown(where, kind, pattern, names)
            if not isinstance(table, dict):
                self.refuse(where, f"expected a table of keys, not {_shown(table)}")
            values = self.values(where, table, keys)
            self._refuse_contradictions(where, values)
            for name in matches:
                self._lay_over(said.setdefault(name, {}), values)
        return said

    def values(self, where: str, table: _Table, keys: _Keys, also: tuple[str, ...] = ()) -> _Table:
        """The keys of one table, each read by its own function."""
        found: _Table = {}
        for key, value in table.items():
            if key in also:
                continue
            if key not in keys:
                there = sorted((*keys, *also))
                close = difflib.get_close_matches(key, there, 1)
                meant = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(there)}"
                self.refuse(where, f"no key '{key}': {meant}")
            try:
                found[key] = keys[key](value)
            except _ExpectedError as error:
                self.refuse(where, f"{key} = {_shown(value)}: expected {error}")
        return found

    def worth(self, check: Check, tier_weight: float, said: _Table, zone: tzinfo | None) -> Worth:
        """What the check is worth when `said` is laid over specs/."""
        said = dict(said)
        weight = said.pop("weight", 1.0)
        points = said.pop("points", check.points * tier_weight * weight)
        if (until := said.pop("hidden_until", None)) is not None:
            said["hidden_until"] = _moment(until, zone)
        worth = Worth(round(points, 2), **said)
        if worth.bonus and worth.required != "no":
            self.refuse(
                f"check '{check.id}'",
                "it is required and a bonus, which exclude each other; say bonus = false or required = false",
            )
        return worth

    def _refuse_nesting(self, kind: str, pattern: str, table: Any) -> None:
        """[checks.reverse.usage] without quotes is a table in a table."""
        if isinstance(table, dict) and kind == "checks":
            inner = next((key for key, value in table.items() if isinstance(value, dict)), None)
            if inner is not None:
                self.refuse(
                    f"[checks.{pattern}.{inner}]", f'put the id in quotes: [checks."{pattern}.{inner}"]'
                )

    def _refuse_unknown(self, where: str, kind: str, pattern: str, names: list[str]) -> NoReturn:
        what = kind.removesuffix("s")
        families = {name.partition(".")[0] + ".*" for name in names if "." in name}
        candidates = [*names, *sorted(families)] if "*" in pattern else names
        close = difflib.get_close_matches(pattern, candidates, 1, 0.5)
        there = "see: grader list --checks" if kind == "checks" else f"there are: {', '.join(names)}"
        self.refuse(where, f"no {what} '{pattern}': " + (f"did you mean '{close[0]}'?" if close else there))

    def _refuse_contradictions(self, where: str, values: _Table) -> None:
        if "points" in values and "weight" in values:
            self.refuse(where, "points says what a check is worth and weight multiplies it: keep one of them")
        if values.get("omit") and len(values) > 1:
            other = next(key for key in values if key != "omit")
            self.refuse(where, f"a check that is left out has no use for {other}: keep omit or the others")

    @staticmethod
    def _lay_over(said: _Table, values: _Table) -> None:
        for key, value in values.items():
            said.pop(_INSTEAD_OF.get(key, ""), None)
            said[key] = said.get(key, {}) | value if isinstance(value, dict) else value


def _moment(value: date, zone: tzinfo | None) -> datetime:
    """A date is its midnight; what names no zone is in the rubric's, or else in this machine's."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone) if zone is not None else moment.astimezone()


def _shown(value: Any) -> str:
    """As it stands in the file, about."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, date):
        return value.isoformat()
    return msgspec.json.encode(value).decode() if not isinstance(value, float) else f"{value}"
