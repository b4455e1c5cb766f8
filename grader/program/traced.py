"""A program together with the system calls that strace saw of it."""

from __future__ import annotations

from grader.errors import GraderBugError
from grader.observe.syscalls import TracedCall, Tracer
from grader.program.program import RunningProgram


class Traced:
    """A program, and its system calls when it was started under strace."""

    def __init__(self, program: RunningProgram, tracer: Tracer | None) -> None:
        self.program = program
        self._tracer = tracer

    def calls(self) -> list[TracedCall]:
        """The system calls so far of those that are traced."""
        if self._tracer is None:
            raise GraderBugError("this program was started without trace=")
        return self._tracer.calls()
