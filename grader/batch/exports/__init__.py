"""What a platform takes back: a module a format, each with `NAME` and `write`.

`write(graded, order)` writes what `order` asks for and tells the instructor in lines what was done, and what was left for a
person: no format gives a grade for undecided points without saying so. Another format is another module, named in `FORMATS`.
"""

from __future__ import annotations

from grader.batch.exports import canvas, classroom50, gradescope, junit, moodle, plain

FORMATS = {module.NAME: module.write for module in (plain, junit, gradescope, classroom50, moodle, canvas)}
