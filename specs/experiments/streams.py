"""Experiments with streams: what send waits for, what it returns, and what a receiver gets."""

from __future__ import annotations

from grader.experiments.catalogue import experiment
from grader.experiments.stage import Actor, Stage
from grader.observe.gate import NOBODY

LARGE = 50_000_000  #: the slides' size: more than all buffers of both ends hold
ARGUMENT = (
    130_000  #: bytes: nearly the longest argument that Linux allows, and more than the smallest buffers hold
)
TINY = 2304  #: bytes: the smallest receive buffer (tcp(7), SOCK_MIN_RCVBUF)
PAIR = ["receptor", "emisor"]


@experiment("send-before-accept", slide="Experimentando con envío por stream", programs=PAIR)
def send_before_accept(stage: Stage) -> None:
    """Send only copies into the kernel's buffers. The connection is complete without accept, so 1024 bytes travel into the receiver's queue, and the sender ends before anybody has read them."""
    stage.record()
    receiver = stage.serve("receptor", "1024", held_before=NOBODY)
    stage.connect("emisor", receiver, "1024").until_end()
    stage.look()
    receiver.release()
    stage.look()


@experiment("several-senders", slide="Experimentando con envío por stream", programs=PAIR)
def several_senders(stage: Stage) -> None:
    """Each connection has a queue of its own. The receiver accepts one after the other, and finds each sender's bytes waiting although the senders have long ended."""
    receiver = stage.serve("receptor", "1024", held_before=NOBODY)
    for number in (1, 2, 3):
        stage.connect("emisor", receiver, "1024", name=f"P{number}").until_end()
    stage.look()
    receiver.release()
    stage.look()


@experiment("server-dies-before-accept", slide="Experimentando con envío por stream", programs=PAIR)
def server_dies(stage: Stage) -> None:
    """Send had copied the bytes into the kernel's buffers and returned, so the sender ended well. The receiver dies before it has accepted: the bytes are lost, and nobody is told. Only another send would have met ECONNRESET."""
    stage.record()
    receiver = stage.serve("receptor", "1024", held_before=NOBODY)
    stage.connect("emisor", receiver, "1024").until_end()
    stage.look()
    receiver.kill()
    stage.rest()


@experiment("large-send-blocks", slide="Experimentando con envío por stream", programs=PAIR)
def large_send_blocks(stage: Stage) -> None:
    """A send of 50,000,000 bytes does not fit the buffers of both ends, so it is blocked until the receiver reads. Another sender's 1024 bytes have a connection and buffers of their own, and pass."""
    receiver = stage.serve("receptor", str(LARGE), held_before=NOBODY)
    large = stage.connect("emisor", receiver, str(LARGE), name="P1")
    large.until_blocked()
    stage.connect("emisor", receiver, "1024", name="P2").until_end()
    stage.look()
    receiver.release()
    large.until_end()
    stage.look()


@experiment("receiver-dies-while-sending", slide="Envío de datos por socket stream", programs=PAIR)
def receiver_dies(stage: Stage) -> None:
    """A blocked send whose receiver dies returns what had been copied by then: less than asked for, and no error. The error comes with the next send: ECONNRESET first, EPIPE (and SIGPIPE) after that."""
    receiver = stage.serve("receptor", str(LARGE), held_before=NOBODY)
    sender = stage.connect("emisor", receiver, str(LARGE))
    sender.until_blocked()
    receiver.kill()
    sender.until_end()


@experiment(
    "send-to-a-dead-receiver", slide="Envío de datos por socket stream", programs=["envio_multiple_2send"]
)
def send_to_the_dead(stage: Stage) -> None:
    """The send under way returns what it had copied, and no error. The receiver's kernel has answered with RST, so the next send fails with ECONNRESET; any further one with EPIPE, and SIGPIPE, which ends a program that does not ignore it."""
    stage.record()
    listener = stage.listener(rcvbuf=TINY)
    sender = stage.connect("envio_multiple_2send", listener.port, "x" * ARGUMENT, "mundo")
    peer = stage.accept(listener)
    sender.until_blocked()
    peer.reset()
    stage.tell("receiver", "dies with bytes unread: its kernel sends RST")
    sender.until_end()


@experiment("non-blocking-send", slide="Envío no bloqueante", programs=["receptor", "emisor_nb"])
def non_blocking_send(stage: Stage) -> None:
    """With O_NONBLOCK send copies what fits into the buffer and returns that number at once; with no room at all it would fail with EAGAIN."""
    receiver = stage.serve("receptor", str(LARGE), held_before=NOBODY)
    stage.connect("emisor_nb", receiver, str(LARGE)).until_end()
    stage.look()
    receiver.release()
    stage.look()


@experiment("same-size", slide="Experimentando con la recepción", programs=PAIR)
def same_size(stage: Stage) -> None:
    """A stream has no messages: recv returns as soon as some bytes are there, so one send of 50,000,000 bytes is read in many pieces, whatever size the receiver asks for."""
    receiver = stage.serve("receptor", str(LARGE))
    stage.connect("emisor", receiver, str(LARGE)).until_end()
    _tell_reads(stage, receiver)


@experiment(
    "exact-reads",
    slide="Recepción datos con tamaño conocido",
    programs=["receptor_completo_readn", "receptor_completo_fread", "receptor_completo_waitall", "emisor"],
)
def exact_reads(stage: Stage) -> None:
    """Exactly N bytes come by repeating recv until they are there (readn), by a library that does so (fread), or by a kernel that waits for all of them (MSG_WAITALL). Only the last piece may be shorter."""
    for program in ("receptor_completo_readn", "receptor_completo_fread", "receptor_completo_waitall"):
        receiver = stage.serve(program, "1000000")
        stage.connect("emisor", receiver, "3500000", name=f"emisor to {program[18:]}").until_end()
        stage.rest()
        receiver.tell()
        receiver.kill()


def _tell_reads(stage: Stage, receiver: Actor) -> None:
    stage.rest()
    receiver.tell()
