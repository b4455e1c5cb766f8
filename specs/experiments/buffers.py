"""Experiments with several data at once: how many system calls, and how many segments."""

from __future__ import annotations

from grader.compare import show_bytes
from grader.experiments.catalogue import experiment
from grader.experiments.stage import Stage
from grader.wire.capture import Capture

WAYS = ("2send", "2send_more", "copia", "error", "writev")


@experiment(
    "multiple-data",
    slide="Envío de múltiples datos",
    programs=[f"envio_multiple_{way}" for way in WAYS],
)
def multiple_data(stage: Stage) -> None:
    """Two sends leave as two segments. With MSG_MORE the kernel waits for more and fills one; writev and the copy hand over everything in one call. Sending the struct of pointers sends two addresses, which mean nothing elsewhere."""
    for way in WAYS:
        program = f"envio_multiple_{way}"
        listener = stage.listener()
        with Capture() as wire:
            sender = stage.connect(program, listener.port, "hola", "mundo")
            peer = stage.accept(listener)
            received = peer.receive_until_end()
            sender.until_end()
            segments = wire.connection(listener.port).data_segments(peer.remote)
        sizes = " and ".join(str(len(segment)) for segment in segments)
        plural = "" if len(segments) == 1 else "s"
        stage.tell("on the wire", f"{len(segments)} segment{plural} with data: {sizes} bytes")
        stage.tell("receiver", f"got {show_bytes(received)}")


@experiment(
    "variable-sizes",
    slide="Manejo de datos con tamaño variable",
    programs=["receptor_tam_variable", "envio_tam_variable_writev"],
)
def variable_sizes(stage: Stage) -> None:
    """Both lengths travel first, in network byte order, so the receiver knows how much to wait for; writev sends them and the data in one call and one segment."""
    stage.record()
    receiver = stage.serve("receptor_tam_variable")
    stage.connect("envio_tam_variable_writev", receiver, "hola", "a todo el mundo").until_end()
    stage.look()
