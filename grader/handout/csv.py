"""For a spreadsheet: a row a check, and one for what is hidden until each date."""

from __future__ import annotations

import csv
import io

from grader.handout import Handout, when

HEADINGS = ("check", "requirement", "tier", "programs", "points_each", "points", "remarks")


def render(content: Handout) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADINGS)
    for row in content.rows:
        worth = (f"{row.points:g}", f"{row.total:g}")
        writer.writerow((row.id, row.requirement, row.tier, " ".join(row.programs), *worth, row.remarks))
    for later in content.hidden:
        text = f"checks that are shown from {when(later.moment)} on"
        for points, remark in ((later.points, ""), (later.bonus, "bonus")):
            if points:
                writer.writerow(("", text, "", "", "", f"{points:g}", remark))
    return file.getvalue()
