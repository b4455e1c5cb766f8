"""Which files a process has mapped into its memory."""

from __future__ import annotations

from pathlib import Path

from grader.observe.proc import ProcessGoneError


def mapped_files(pid: int) -> list[str]:
    """The path of each mapping that has one, as often as it is mapped; raises `ProcessGoneError`.

    A path is shown as the process's own root has it, with " (deleted)" after it when its name is gone (proc(5)).
    """
    try:
        lines = Path(f"/proc/{pid}/maps").read_bytes().decode(errors="replace").split("\n")
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessGoneError(pid) from None
    fields = [line.split(maxsplit=5) for line in lines]
    return [field[5] for field in fields if len(field) == 6 and field[5].startswith("/")]
