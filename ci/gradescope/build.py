#!/usr/bin/env python3
"""Make the zip that an instructor uploads to Gradescope as the autograder of an assignment.

ci/gradescope/build.py autograder.zip --practical reverse [--practical NAME...] [--rubric rubric.toml]

It holds this very version of the grader as a wheel, and the two scripts beside this file. Run it with the Python of .venv.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from grader.errors import UsageError
from grader.practical import load_practicals
from grader.rubric_file import read_rubric

HERE = Path(__file__).resolve().parent
RUBRIC = "rubric.toml"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="the zip to write")
    parser.add_argument(
        "--practical", action="append", required=True, metavar="NAME", help="grade by this one"
    )
    parser.add_argument("--rubric", type=Path, help="score by this rubric.toml, and hide what it hides")
    options = parser.parse_args()

    known = load_practicals()
    for name in options.practical:
        if name not in known:
            parser.error(f"there is no practical '{name}'; there are: {', '.join(known)}")
    try:
        if options.rubric is not None:
            # A mistake in it is told here, and not by every student's submission.
            read_rubric(options.rubric, known)
    except UsageError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "autograder.zip"
        wheel = made_wheel(Path(folder))
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for script in ("setup.sh", "run_autograder"):
                archive.write(HERE / script, script)
            archive.write(wheel, wheel.name)
            archive.writestr("practicals", arguments(options.practical))
            if options.rubric is not None:
                archive.write(options.rubric, RUBRIC)
        try:
            shutil.move(whole, options.out)  # what was there before stays until all of it is made
        except OSError as error:
            parser.error(f"cannot write {options.out}: {error.strerror}")
    sys.stdout.write(f"{options.out}: upload it to Gradescope as the assignment's autograder\n")
    return 0


def made_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    made = subprocess.run(command, cwd=HERE.parent.parent, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.exit(f"the wheel could not be made; {sys.executable} needs hatchling: {made.stderr}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def arguments(practicals: list[str]) -> bytes:
    """For `grader batch`, each ended by NUL."""
    return b"".join(b"--practical\0%b\0" % name.encode() for name in practicals)


if __name__ == "__main__":
    sys.exit(main())
