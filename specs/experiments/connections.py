"""Experiments with connections: what connect waits for, and what it does not."""

from __future__ import annotations

from grader.experiments.catalogue import experiment
from grader.experiments.stage import Stage
from grader.observe.gate import NOBODY


@experiment("connect-before-listen", slide="connect antes de listen", programs=["acepta", "conecta"])
def connect_before_listen(stage: Stage) -> None:
    """A bound socket is no server yet: until listen is called the kernel answers every SYN with RST, so connect fails with ECONNREFUSED at once."""
    stage.record()
    server = stage.serve("acepta", "2", held_before=["listen"])
    stage.connect("conecta", server).until_end()
    server.release()
    stage.until(lambda: stage.scene.sockets.listening(server.port), "listen")
    stage.tell("acepta", "has called listen")
    stage.connect("conecta", server, name="conecta again").until_end()


@experiment("connect-before-accept", slide="connect antes de accept", programs=["acepta", "conecta"])
def connect_before_accept(stage: Stage) -> None:
    """The kernel completes the handshake by itself as soon as the server listens: connect ends well, and the connection waits in the accept queue until accept takes it out."""
    stage.record()
    server = stage.serve("acepta", "2", held_before=NOBODY)
    stage.connect("conecta", server).until_end()
    stage.look()
    server.release()
    stage.look()


@experiment("backlog", slide="connect antes de accept", programs=["acepta", "conecta"])
def backlog(stage: Stage) -> None:
    """listen(N) lets N + 1 connections into the accept queue. The kernel drops further SYNs, so the next connect is blocked, and completes on one of its retries (after 1 s, 2 s, 3 s...) once accept has made room."""
    server = stage.serve("acepta", "2", held_before=NOBODY)
    for number in (1, 2, 3):
        stage.connect("conecta", server, name=f"P{number}").until_end()
    stage.look()
    last = stage.connect("conecta", server, name="P4")
    stage.look()
    server.release()
    server.until_waits()
    last.until_end()
    stage.look()
