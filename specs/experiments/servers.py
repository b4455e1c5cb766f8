"""Experiments with servers: three ways to send a file, four ways to serve several clients."""

from __future__ import annotations

import time

from grader.experiments.catalogue import experiment
from grader.experiments.stage import Actor, Stage
from grader.observe import proc
from grader.observe.sockets import TcpState
from grader.peers.http import HttpClient, get
from grader.peers.reverse import ReverseClient, header, request

GIB = 1 << 30
BIG, FORGET_EVERY = "BIG.html", 64 << 20
WEB = ("srv_web_read_send", "srv_web_mmap_writev", "srv_web_sendfile")
MODELS = ("srv_rev_sec", "srv_rev_prc", "srv_rev_thr", "srv_rev_evn")


@experiment("download", slide="Ejemplo: servidor web", programs=WEB)
def download(stage: Stage) -> None:
    """Read and send copy every byte into the process and out again; mmap spares one copy, sendfile both. With a sparse file on a fast machine the difference is small; what is seen best is the number of system calls."""
    stage.sparse_file(BIG, GIB)
    for program in WEB:
        server = stage.serve(program)
        client = stage.client(server, HttpClient)
        began = time.monotonic()
        client.send(get(f"/{BIG}"))
        length = client.header().content_length
        got = _received(stage, client, length or GIB)
        seconds = time.monotonic() - began
        cpu = sum(task.run_ns for task in server.program.tasks()) / 1e9
        stage.tell(
            program,
            f"Content-Length {length:,}; {got:,} bytes in {seconds:.2f} s, {cpu:.2f} s of its processor time",
        )
        server.kill()


def _received(stage: Stage, client: HttpClient, length: int) -> int:
    got = forgotten = 0
    for piece in client.pieces(length):
        got += len(piece)
        if got - forgotten > FORGET_EVERY:  # a mapping of holes would fill the room's memory
            stage.forget_zeros(BIG, got)
            forgotten = got
    return got


@experiment("reverse-models", slide="Diseño de un ejemplo de servicio", programs=MODELS)
def reverse_models(stage: Stage) -> None:
    """A client that stops in the middle of its request holds the sequential server, and everybody else waits in the accept queue. A process or a thread for each client, or one thread that waits for events, serve the next one meanwhile."""
    for program in MODELS:
        server = stage.serve(program)
        for number in (1, 2, 3):
            stage.client(server, ReverseClient).send(header(100) + b"half")
            stage.tell(f"client {number}", "sends a header and a part of its request, and stops")
            stage.rest()
        asking = stage.client(server, ReverseClient).send(request(b"hola"))
        stage.tell("client 4", "sends a whole request")
        stage.rest()
        _tell_model(stage, server)
        answer = "is served" if asking.receive_available() else "waits"
        stage.tell("client 4", answer)
        server.kill()


def _tell_model(stage: Stage, server: Actor) -> None:
    children = len(server.program.descendants())
    threads = len(proc.tasks(server.program.pid))
    queue = sum(e.receive_queue for e in stage.scene.sockets.tcp([TcpState.LISTEN], server.port))
    stage.tell(
        server.name,
        f"{threads} thread{'s' * (threads != 1)}, {children} children, {queue} in the accept queue; {server.where()}",
    )
