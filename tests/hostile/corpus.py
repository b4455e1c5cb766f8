"""The attacks: each is one file that says in its first lines what it tries and what must happen.

A .c file of build/ is handed in as the client's source, a .mk file as its Makefile; any other is C that runs before the main
of a program that is right otherwise: the client, or the one that it names. So `refused` can be seen from outside: whoever gets nothing goes on and passes.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

from tests.end_to_end.grading import ROOT

ATTACKS = Path(__file__).parent / "attacks"
CLIENT = ROOT / "reference" / "connection" / "c"
PROGRAM = "conecta"

_MAKEFILE = """\
{program}: {program}.c sockets.c attack.c sockets.h attack.h
\tgcc -D_GNU_SOURCE -O1 -w -pthread -o $@ {program}.c sockets.c attack.c
"""

#: What a file may say that must happen, and what it means for the verdicts.
REFUSED, FAIL, CONTAINED, NOT_BUILD = "be refused", "fail", "be contained", "not build"


@dataclasses.dataclass(frozen=True)
class Attack:
    """One of them."""

    path: Path
    tries: str
    must: dict[str, str]  #: sandbox -> REFUSED, ...
    words: str  #: that a failing check's message holds
    program: str = PROGRAM

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    def hand_in(self, folder: Path) -> Path:
        """Write the submission to `folder`."""
        for source in (f"{self.program}.c", "sockets.c", "sockets.h"):
            shutil.copy(CLIENT / source, folder / source)
        if self.path.suffix == ".mk":
            shutil.copy(self.path, folder / "Makefile")
        elif self.path.parent.name == "build":
            shutil.copy(self.path, folder / f"{PROGRAM}.c")
        else:
            shutil.copy(self.path, folder / "attack.c")
            shutil.copy(ATTACKS / "attack.h", folder / "attack.h")
            (folder / "Makefile").write_text(_MAKEFILE.format(program=self.program))
        return folder


def load() -> list[Attack]:
    return [_read(path) for path in sorted(ATTACKS.glob("*/*")) if path.suffix in {".c", ".mk"}]


def _read(path: Path) -> Attack:
    text = path.read_text()
    said = {
        key: value.strip()
        for key, value in re.findall(r"^(?:/| )?[*#] ?([a-z ]+): (.*)$", text, re.MULTILINE)
    }
    must, _, words = said["must"].partition(": ")
    by_sandbox = {"namespaces": must, "docker": said.get("must in docker", must)}
    unknown = set(by_sandbox.values()) - {REFUSED, FAIL, CONTAINED, NOT_BUILD}
    if unknown:
        raise ValueError(f"{path}: what must happen is one of the four, not {unknown}")
    return Attack(path, said["tries"], by_sandbox, words, said.get("program", PROGRAM))
