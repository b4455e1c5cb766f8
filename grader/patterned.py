"""A second build, in which memory on the stack that was never written to is not zero by chance.

What malloc hands out can be filled by the C library (MALLOC_PERTURB_, mallopt(3)); of the stack only the compiler can do that:
with -ftrivial-auto-var-init=pattern (GCC 12, Clang) each variable without an initialiser begins as bytes 0xFE or 0xAA. So that
a Makefile's rules get it too, gcc and cc stand for that in the path of the second build.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from grader.cells.room import ENVIRONMENT
from grader.job import Evidence

FOLDER = ".patterned"  #: the copy's, in the folder that it is a copy of
_TOOLS = f"{FOLDER}/.tools"

#: For sh(1), in the folder: everything in it, but for its arguments, which were built, and the compilers. What is there by these
#: names goes. All this is the room's to do: the copy is its user's, and outside nobody else may remove anything in it.
COPY = f"""
set -e
trap 'rm -rf {FOLDER}' EXIT
rm -rf {FOLDER}
mkdir {FOLDER}
for each in * .[!.]*; do
    if [ "$each" != {FOLDER} ] && [ -e "$each" ]; then cp -a -- "$each" {FOLDER}/; fi
done
rm -rf {_TOOLS}
mkdir {_TOOLS}
for tool in gcc cc; do
    printf '#!/bin/sh\\nexec /usr/bin/%s -ftrivial-auto-var-init=pattern "$@"\\n' $tool >{_TOOLS}/$tool
    chmod 755 {_TOOLS}/$tool
done
for name; do rm -f -- "{FOLDER}/$name"; done
trap - EXIT
"""


#: How a student sees the same.
PATTERNED = Evidence(
    "built",
    "with gcc -ftrivial-auto-var-init=pattern, which fills variables that begin without a value with bytes fe",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Compiler:
    """What a build compiles with."""

    path: str  #: of what compiles a source alone
    environment: Mapping[str, str]  #: of every command of the build


COMPILER = Compiler("/usr/bin/gcc", MappingProxyType({}))


def patterning(folder: str) -> Compiler:
    """The one in the copy that is `folder` in the room. Make takes nothing that is there for up to date (-B)."""
    tools = f"{folder}/.tools"
    return Compiler(f"{tools}/gcc", {"PATH": f"{tools}:{ENVIRONMENT['PATH']}", "MAKEFLAGS": "B"})
