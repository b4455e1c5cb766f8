"""How a class's submissions may lie in a folder: a module a layout, each with `NAME`, `recognises` and `read`.

`recognises(folder)` says whether this folder looks like it, `read(folder, spool)` gives what was handed in; what has to be put
together from loose files is put into `spool`. Another layout is another module, named in `LAYOUTS` before the general one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from grader.batch.handed import Found, entries
from grader.batch.layouts import canvas, classroom, folders, gradescope, moodle


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Path], Found]


#: In the order in which they are tried: the general one takes whatever is left.
LAYOUTS = {
    module.NAME: Layout(module.recognises, module.read)
    for module in (gradescope, moodle, canvas, classroom, folders)
}


def recognised(folder: Path) -> tuple[str, Path]:
    """The name of the first layout that this folder looks like, or the only folder in it, which downloads are wrapped in."""
    inner = entries(folder)
    places = [folder, *inner] if len(inner) == 1 and inner[0].is_dir() else [folder]
    special = (
        (name, place)
        for place in places
        for name, layout in LAYOUTS.items()
        if name != folders.NAME and layout.recognises(place)
    )
    return next(special, (folders.NAME, folder))
