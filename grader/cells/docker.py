"""Cells of real containers, through the engine's own interface, here or on another machine.

A room is a container that can touch nothing but its own files; its worker is a second one, in the room's network
and pid namespaces (see `grader.cells.containers`). The rooms of one job share a volume in memory with the
submission's files, which only the room that builds may write. When this process ends, by SIGKILL too, each worker finds
the end of its standard input and ends, init finds the end of its connection and ends, and the engine removes both
containers; what may be left then is an empty volume, for `grader doctor --clean`.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import io
import itertools
import os
import secrets
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import docker
import docker.errors
import msgspec
import requests

from grader.cells import containers, images
from grader.cells.attach import Streams
from grader.cells.base import Files, Plan, WorkerHandle, WorkerOrder
from grader.cells.bubblewrap import ROOM_UID
from grader.cells.leftovers import OWNER, owner
from grader.cells.limits import CellLimits
from grader.cells.users import UserId
from grader.errors import CellError

_TIMEOUT = 120  #: seconds for one request: an engine under load takes its time, and never so long
_REMOVAL = 30  #: seconds within which a container that has ended goes by itself, after which it is asked to
_CASES_EACH = 12  #: cases that are worth the start of another pair
_USUAL_SOCKET = "unix:///var/run/docker.sock"
_TROUBLE = (docker.errors.DockerException, requests.RequestException, OSError)


class DockerCell:
    """See `grader.cells.base.Cell`. Raises `CellError` when the engine, or an image, is not there."""

    def __init__(self, files: Files, plan: Plan | None, limits: CellLimits | None = None) -> None:
        self._plan = plan
        self._limits = limits or CellLimits()
        self._engine = connected()
        if not images.present(self._engine):
            raise CellError(
                "the images for --sandbox docker are not there; make them with: grader image build"
            )
        self._machine = str(self._engine.version()["Arch"])
        self._labels = {containers.LABEL: "cell", OWNER: owner()}
        self._volume = f"socket-grader-{secrets.token_hex(8)}"
        self._pairs: list[_Pair] = []
        # One after the other: started at once they only wait for each other, and the first is needed first.
        self._starter = concurrent.futures.ThreadPoolExecutor(1, "starter")
        self._ender = concurrent.futures.ThreadPoolExecutor(2, "ender")
        self._waiting: dict[str, list[_Pair]] = {"build": [], "checks": []}
        try:
            _create_volume(self._engine, containers.volume(self._volume, self._labels, self._limits))
            self._expect("build", files)
            for _ in range(min(plan.workers, -(-len(plan.cases) // _CASES_EACH)) if plan is not None else 0):
                self._expect("checks")
        except BaseException:
            self.close()
            raise

    def start_worker(self, body: str) -> WorkerHandle:
        if not self._waiting.setdefault(body, []):
            self._expect(body)
        pair = self._waiting[body].pop(0)
        end = functools.partial(self._end_soon, pair) if body != "build" else _nothing
        return WorkerHandle(pair.streams.connection, end, last_words=pair.last_words)

    def close(self) -> None:
        self._starter.shutdown(wait=True, cancel_futures=True)
        self._ender.shutdown(wait=True)
        with concurrent.futures.ThreadPoolExecutor(len(self._pairs) + 1) as enders:
            list(enders.map(_Pair.end_for_good, self._pairs))
        with contextlib.suppress(docker.errors.NotFound):
            _patiently(functools.partial(self._engine.remove_volume, self._volume, force=True))
        self._engine.close()

    def _expect(self, body: str, files: Files | None = None) -> None:
        """Have a worker with this body started beside what goes on."""
        pair = _Pair(self._engine, body)
        self._pairs.append(pair)
        self._waiting[body].append(pair)
        prepare = functools.partial(self._lay_out, files, pair) if files is not None else None
        self._starter.submit(self._start, pair, prepare)

    def _start(self, pair: _Pair, prepare: Callable[[str], None] | None) -> None:
        room = containers.room(
            images.room_image(),
            self._labels,
            self._volume,
            pair.user.number,
            self._limits,
            builds=pair.body == "build",
            machine=self._machine,
        )
        order = WorkerOrder(pair.body, self._plan)
        worker = functools.partial(containers.worker, images.worker_image(), self._labels)
        pair.start(room, worker, order, prepare)

    def _end_soon(self, pair: _Pair) -> None:
        """Without waiting for the engine: `close` does."""
        with contextlib.suppress(RuntimeError):  # closed already
            self._ender.submit(pair.end)

    def _lay_out(self, files: Files, pair: _Pair, room: str) -> None:
        """The engine unpacks the submission where the room finds it."""
        if not self._engine.put_archive(room, "/work", _packed(files, pair.user.number)):
            raise CellError("the engine did not take the submission's files")


class _Pair:
    """A room and its worker: two containers that come and go together."""

    def __init__(self, engine: docker.APIClient, body: str) -> None:
        self.body = body
        # The volume's files last as long as a room has it mounted: the one that builds stays until the cell is closed.
        self.streams = Streams(linger=body == "build")
        self.user = UserId()
        self._engine = engine
        self._containers: list[str] = []  #: the room first
        self._trouble = ""
        self._ended = False
        self._lock = threading.Lock()  #: held while containers are made, or ended

    def start(
        self,
        room: dict[str, Any],
        worker: Callable[[str], dict[str, Any]],
        order: WorkerOrder,
        prepare: Callable[[str], None] | None,
    ) -> None:
        """Start both, and send the worker its order; trouble shows as the connection's end."""
        try:
            with self._lock:
                if self._ended:
                    return
                room_id = self._make(room)
                self._engine.start(room_id)
                prepared = _beside(prepare, room_id)
                worker_id = self._make(worker(room_id))
                attached = self._attach(worker_id)
                self._engine.start(worker_id)
                prepared.result()
            _send_first(attached, msgspec.json.encode(order))
            self.streams.carry(attached)
        except (CellError, *_TROUBLE) as error:
            self._trouble = f"the engine could not start a container: {_words(error)}"
            self.streams.hang_up()

    def last_words(self) -> str:
        return self._trouble or self.streams.words

    def end(self) -> None:
        """Kill the room: its end is that of all in its pid namespace."""
        with self._lock:
            self._ended = True
            for container in self._containers[:1]:
                with contextlib.suppress(*_TROUBLE):  # it has ended by itself
                    self._engine.kill(container)

    def end_for_good(self) -> None:
        """End both and wait until the engine has removed them.

        It does so by itself. To ask for it as well would only race with that: it is for containers that never ran, or stay.
        """
        self.end()
        for container in self._containers:
            if not self._removed(container):
                with contextlib.suppress(*_TROUBLE):
                    self._engine.remove_container(container, force=True, v=True)
                self._removed(container)
        self.streams.hang_up()
        self.streams.connection.close()
        self.user.give_back()

    def _removed(self, container: str) -> bool:
        """Wait for that; False when it does not happen."""
        try:
            if self._engine.inspect_container(container)["State"]["Status"] == "created":
                return False
            self._engine.wait(container, condition="removed", timeout=_REMOVAL)
        except docker.errors.NotFound:
            return True
        except _TROUBLE:
            return False
        return True

    def _make(self, config: dict[str, Any]) -> str:
        identifier: str = self._engine.create_container_from_config(config)["Id"]
        self._containers.append(identifier)
        return identifier

    def _attach(self, container: str) -> socket.socket:
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        stream = self._engine.attach_socket(container, wanted)
        raw: socket.socket = stream._sock  # noqa: SLF001 - the library hands out a reader alone
        own = raw.dup()  # what the library has goes with its response
        stream.close()
        raw.close()
        own.settimeout(None)
        return own


def _beside(act: Callable[[str], None] | None, room: str) -> concurrent.futures.Future[None]:
    """Do this in a thread of its own."""
    done: concurrent.futures.Future[None] = concurrent.futures.Future()

    def work() -> None:
        try:
            done.set_result(act(room) if act is not None else None)
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            done.set_exception(error)

    threading.Thread(target=work, name="prepare").start()
    return done


def _nothing() -> None:
    """`close` ends it."""


def connected() -> docker.APIClient:
    """A client of the engine that DOCKER_HOST names, or of this machine's. Raises `CellError`."""
    try:
        options = docker.utils.kwargs_from_env()
        _knock(options.get("base_url") or _USUAL_SOCKET)
        client = docker.APIClient(version="auto", timeout=_TIMEOUT, **options)
    except _TROUBLE as error:
        raise CellError(
            f"no Docker engine answers ({_words(error)}). Start one, or become a member of the group docker"
            " (usermod -aG docker NAME), or leave --sandbox out"
        ) from error
    if client.base_url.startswith(("https:", "http+docker://ssh")):
        raise CellError(
            f"the engine at {os.environ.get('DOCKER_HOST')} is reached by TLS or SSH, which cannot carry a worker's"
            " streams; use its own socket (unix://), or grade on the machine that it runs on"
        )
    return client


def _knock(address: str) -> None:
    """Raise `OSError` when nobody listens at a local address: the library would leave its socket to the garbage."""
    for scheme in ("unix://", "http+unix://"):
        if address.startswith(scheme):
            with socket.socket(socket.AF_UNIX) as attempt:
                attempt.connect("/" + address.removeprefix(scheme).lstrip("/"))


def _create_volume(engine: docker.APIClient, config: dict[str, Any]) -> None:
    try:
        engine.create_volume(config["Name"], config["Driver"], config["DriverOpts"], config["Labels"])
    except _TROUBLE as error:
        raise CellError(f"the engine could not make a volume: {_words(error)}") from error


def _packed(files: Files, user: int) -> bytes:
    """The submission as a tar archive that belongs to the room's user; the worker may remove from its folders."""
    now = time.time()
    folders = {parent for file in files.files for parent in _parents(file.path)}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for folder in sorted(folders):
            archive.addfile(_member(folder, now, 0o777, user, kind=tarfile.DIRTYPE))
        for file in files.files:
            content = files.read(file.path, file.size)
            member = _member(file.path, now, 0o755 if file.executable else 0o644, user)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _member(path: str, when: float, mode: int, user: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type, member.mode, member.mtime = kind, mode, int(when)
    member.uid, member.gid = user, ROOM_UID
    return member


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    return itertools.accumulate(parts, lambda above, name: f"{above}/{name}")


def _send_first(attached: socket.socket, message: bytes) -> None:
    """As `Connection.send_bytes` frames it: four bytes of length, and the message."""
    attached.sendall(len(message).to_bytes(4, "big") + message)


def _patiently(act: Callable[[], object]) -> None:
    """Once more for as long as the engine still lets go of the containers that held it."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        try:
            act()
        except docker.errors.APIError as error:
            if error.status_code != 409 or time.monotonic() > deadline:
                raise
        else:
            return


def _words(error: Exception) -> str:
    explanation = getattr(error, "explanation", None)
    return str(explanation or error).strip().split("\n")[0][:300]
