"""An option for authors: hold every defect to its exact set of failing checks."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--exact-defects", action="store_true", help="no check but the listed ones may fail a defect"
    )
