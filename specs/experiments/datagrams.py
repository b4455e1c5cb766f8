"""Experiments with datagrams: messages stay whole, or are lost."""

from __future__ import annotations

from grader.experiments.catalogue import experiment
from grader.experiments.stage import Stage
from grader.observe.gate import AWAITING, RECEIVING

PAIR = ["receptor_dgram", "emisor_dgram"]


@experiment("datagram-too-long", slide="Sockets datagrama", programs=PAIR)
def datagram_too_long(stage: Stage) -> None:
    """Recvfrom takes one datagram. What does not fit the buffer of the call is lost: the next call gets the next datagram, not the rest of this one."""
    stage.record()
    receiver = stage.serve("receptor_dgram", "100")
    stage.connect("emisor_dgram", receiver, "150", name="P1").until_end()
    stage.connect("emisor_dgram", receiver, "60", name="P2").until_end()
    stage.look()


@experiment("two-datagrams", slide="Sockets datagrama", programs=PAIR)
def two_datagrams(stage: Stage) -> None:
    """Two datagrams of 50 bytes stay two, also when both wait in the queue: a recvfrom of 100 bytes returns 50, twice."""
    receiver = stage.serve("receptor_dgram", "100", held_before=(*RECEIVING, *AWAITING))
    for number in (1, 2):
        stage.connect("emisor_dgram", receiver, "50", name=f"P{number}").until_end()
    stage.look()
    receiver.release()
    stage.look()


@experiment("largest-datagram", slide="Sockets datagrama", programs=PAIR)
def largest_datagram(stage: Stage) -> None:
    """An IPv4 packet has at most 65,535 bytes; without 20 for IP and 8 for UDP 65,507 remain. A longer datagram is refused with EMSGSIZE before anything is sent."""
    stage.record()
    receiver = stage.serve("receptor_dgram", "70000")
    stage.connect("emisor_dgram", receiver, "65507", name="P1").until_end()
    stage.connect("emisor_dgram", receiver, "65508", name="P2").until_end()
    stage.look()
