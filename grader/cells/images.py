"""The images of the docker cell: their names, and how they are made from ci/Dockerfile.

The worker's image holds this package and specs/; its tag is a hash of them, so that a changed check is never
graded with an old image: the cell says which command makes the new one.
"""

from __future__ import annotations

import functools
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.cells.bubblewrap import INIT, SYNTHETIC_ETC
from grader.cells.containers import LABEL
from grader.errors import CellError
from grader.practical import specs_directory

PACKAGE = Path(__file__).parent.parent
BASE = "socket-grader-base"  #: what ci/base-image makes
REQUIREMENTS = ("click", "msgspec", "pytest", "pytest-timeout", "rich", "scapy")
_LEFT_OUT = {"__pycache__", "_data"}


@functools.cache
def tag() -> str:
    """A hash of all that goes into the images, but for the base and the libraries."""
    digest = hashlib.sha256()
    for name, file in contents():
        digest.update(f"{name}\0{file.stat().st_mode & 0o111}\0".encode())
        digest.update(file.read_bytes())
    digest.update(dockerfile().encode())
    return digest.hexdigest()[:12]


def room_image() -> str:
    return f"socket-grader-room:{tag()}"


def worker_image() -> str:
    return f"socket-grader-worker:{tag()}"


def contents() -> Iterator[tuple[str, Path]]:
    """The files of the package and of specs/: names in the image, in a fixed order."""
    for top, folder in (("grader", PACKAGE), ("specs", specs_directory())):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not _LEFT_OUT & set(file.relative_to(folder).parts):
                yield f"{top}/{file.relative_to(folder)}", file


def dockerfile() -> str:
    """ci/Dockerfile, in the source tree or in the installed package."""
    packaged = PACKAGE / "_data" / "Dockerfile"
    return (packaged if packaged.is_file() else PACKAGE.parent / "ci" / "Dockerfile").read_text()


def build(client: Any, base: str) -> Iterator[str]:
    """Make both images; yields what the engine says. `client` is a `docker.APIClient`. Raises `CellError`."""
    context = _context(_packages(_python_of(client, base)))
    for target, name in (("room", room_image()), ("worker", worker_image())):
        context.seek(0)
        lines = client.build(
            fileobj=context,
            custom_context=True,
            tag=name,
            target=target,
            buildargs={"BASE": base},
            labels={LABEL: "image"},
            network_mode="none",
            rm=True,
            forcerm=True,
            decode=True,
        )
        for line in lines:
            if "error" in line:
                raise CellError(f"the image {name} could not be made: {line['error'].strip()}")
            if words := line.get("stream", "").strip():
                yield words


def _python_of(client: Any, base: str) -> str:
    """The version of the base's /usr/bin/python3, such as 3.11: the libraries must fit it."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    container = client.create_container(
        base, ["/usr/bin/python3", "-c", code], host_config=client.create_host_config(network_mode="none")
    )
    try:
        client.start(container)
        client.wait(container)
        version = str(client.logs(container), errors="replace").strip()
    finally:
        client.remove_container(container, force=True)
    if version not in {"3.11", "3.12", "3.13", "3.14"}:
        raise CellError(
            f"the base image {base} needs /usr/bin/python3 of 3.11 or later; it says: {version[:200]}"
        )
    return version


def _packages(version: str) -> dict[str, bytes]:
    """The libraries that a worker needs, as pip unpacks them: path to content."""
    with tempfile.TemporaryDirectory(prefix="grader-image-") as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--target", folder, "--no-compile", "--python-version", version, "--only-binary=:all:"]
        done = subprocess.run([*command, *REQUIREMENTS], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CellError(
                f"the libraries for the image cannot be fetched with pip: {done.stderr.strip()[-500:]}"
            )
        top = Path(folder)
        return {
            str(file.relative_to(top)): file.read_bytes() for file in sorted(top.rglob("*")) if file.is_file()
        }


def _context(packages: dict[str, bytes]) -> io.BytesIO:
    """The build context: a tar of what the Dockerfile copies."""
    files = {"Dockerfile": dockerfile().encode(), "init.py": INIT.read_bytes()}
    files |= {f"etc/{name}": text.encode() for name, text in SYNTHETIC_ETC.items()}
    files |= {name: file.read_bytes() for name, file in contents()}
    files |= {f"packages/{name}": content for name, content in packages.items()}
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return context


def present(client: Any) -> bool:
    """Whether the engine has both images of this very code."""
    wanted = {room_image(), worker_image()}
    found = client.images(filters={"label": f"{LABEL}=image"})
    return wanted <= {name for image in found for name in image["RepoTags"] or ()}
