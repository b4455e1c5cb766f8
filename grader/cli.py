"""The `grader` command: what each exit status means stands in `EXIT`."""

from __future__ import annotations

import signal
import sys

import click

from grader import __version__
from grader.commands.batch import batch
from grader.commands.check import check
from grader.commands.doctor import doctor
from grader.commands.experiment import experiment
from grader.commands.explain import explain
from grader.commands.export import export
from grader.commands.image import image
from grader.commands.listing import listing
from grader.commands.regrade import regrade
from grader.commands.rubric import rubric
from grader.commands.show import show
from grader.commands.staged import staged
from grader.commands.validate import validate
from grader.errors import CellError, GraderError, UsageError
from grader.submission import EmptySubmissionError

EXIT = """\b
Exit status: 0 every check passed, 1 some check failed or a program is missing,
3 the grader could not decide something, 4 usage, 5 nothing to grade."""

USAGE, UNDECIDED, NOTHING, INTERRUPTED = 4, 3, 5, 130


@click.group(epilog=EXIT, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="grader")
def cli() -> None:
    """Grade socket programs: launch them in a sandbox and probe them with adversarial peers."""


for command in (
    check,
    batch,
    show,
    regrade,
    export,
    staged,
    experiment,
    listing,
    explain,
    rubric,
    validate,
    doctor,
    image,
):
    cli.add_command(command)


def main() -> None:
    """The console command. To be terminated, as CI does with a job that is cancelled, is to be interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; its exit status."""
    try:
        status = cli.main(arguments, prog_name="grader", standalone_mode=False)
    except click.exceptions.Abort:
        status = _say("stopped", INTERRUPTED)
    except KeyboardInterrupt:
        status = _say("stopped; nothing of the submission is left running", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        status = USAGE
    except EmptySubmissionError as error:
        status = _say(str(error), NOTHING)
    except UsageError as error:
        status = _say(str(error), USAGE)
    except CellError as error:
        status = _say(str(error), UNDECIDED)
    except GraderError as error:
        status = _say(f"this is a fault of the grader's own, please report it: {error}", UNDECIDED)
    return status if isinstance(status, int) else 0


def _say(message: str, status: int) -> int:
    click.echo(f"grader: {message}", err=True)
    return status
