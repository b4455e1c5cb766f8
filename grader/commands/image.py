"""grader image build: make the images that --sandbox docker runs."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.markup import escape

from grader.cells import images
from grader.errors import CellError
from grader.text import bounded, printable


@click.group()
def image() -> None:
    """The container images of --sandbox docker."""


@image.command()
@click.option(
    "--base",
    default=images.BASE,
    metavar="IMAGE",
    help="What to start from: a Debian with gcc, libc6-dev, make, strace and Python 3.11 or later"
    f" (default: {images.BASE}, which ci/base-image makes).",
)
@click.option("--verbose", "-v", is_flag=True, help="Show what the engine says.")
def build(base: str, verbose: bool) -> int:  # noqa: FBT001 - click passes flags by keyword
    """Make the room's and the worker's image of this version of the grader and its specs."""
    import docker.errors  # noqa: PLC0415 - with an engine only

    from grader.cells.docker import connected  # noqa: PLC0415 - the same

    console = Console(highlight=False, soft_wrap=True)
    client = connected()
    try:
        client.inspect_image(base)
        for line in images.build(client, base):
            if verbose:
                console.print(escape(printable(line, newlines=True)), style="dim")
    except docker.errors.ImageNotFound:
        raise CellError(_missing(base)) from None
    except docker.errors.DockerException as error:
        raise CellError(f"the images could not be made: {bounded(printable(str(error)), 500)}") from error
    console.print(
        f"made {images.room_image()} and {images.worker_image()}", soft_wrap=not sys.stdout.isatty()
    )
    return 0


def _missing(base: str) -> str:
    if base == images.BASE:
        return f"there is no image {base}: make it with ci/base-image, or name another with --base"
    return f"there is no image {base}: fetch it with docker pull {base}, or correct the name"
