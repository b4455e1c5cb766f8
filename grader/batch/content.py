"""What a batch looks at before it grades: each submission's content, and the practicals that it is about."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from grader.batch.handed import Handed
from grader.batch.store import Submitted
from grader.concerned import concerned
from grader.errors import BadSubmissionError, UsageError
from grader.intake import shown
from grader.practical import Practical
from grader.submission import EmptySubmissionError, Submission, open_submission


def looked_at(handed: Handed, practicals: Sequence[Practical]) -> Submitted:
    """Opened once; what is wrong with it is kept, and costs no other student anything.

    Raises `UsageError` for what this user may not read, or when this machine is out of descriptors or memory.
    """
    if not os.access(handed.path, os.R_OK | (os.X_OK if handed.path.is_dir() else 0)):
        raise UsageError(
            f"you may not read {shown(str(handed.path))}; change its permissions, or take it out"
        )
    try:
        with open_submission(handed.path) as submission:
            content = content_of(submission)
            try:
                about = tuple(practical.name for practical in concerned(practicals, submission))
            except EmptySubmissionError as error:
                return Submitted(handed, content, trouble=str(error))
            return Submitted(handed, content, about)
    except BadSubmissionError as error:
        return Submitted(handed, "", trouble=str(error))
    except OSError as error:
        raise UsageError(f"cannot read {shown(str(handed.path))}: {error.strerror}") from error


def content_at(path: Path) -> str:
    """The hash of what lies there now. Raises `BadSubmissionError` when it cannot be opened."""
    with open_submission(path) as submission:
        return content_of(submission)


def content_of(submission: Submission) -> str:
    """A hash of all its files, their names and whether they are executable."""
    whole = hashlib.sha256()
    for file in submission.files:
        data = submission.read(file.path, file.size + 1)
        whole.update(f"{file.path}\0{file.executable:d}\0{len(data)}\0".encode(errors="surrogateescape"))
        whole.update(data)
    return whole.hexdigest()
