"""emisor_dgram: one datagram, whole or not at all."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.peers.udp import LARGEST, UdpPeer
from grader.spec import check
from grader.stage.scene import Scene
from grader.wire.capture import Capture
from specs.datagram.ends import expect_one, expect_written, send
from specs.shared.common import expect_success, expect_trouble

_KILLED = 128  #: exit statuses above tell of a signal, as in the shell


@check("datagram.sends-one")
@pytest.mark.parametrize("size", [1, 100, 2000, 10_000])
def check_sends_one(scene: Scene, wire: Capture, peer: UdpPeer, size: int) -> None:
    """The sender sends exactly one datagram of SIZE bytes to HOST and PORT."""
    expect_one(wire, scene, send(scene, peer, size), peer, size)


@check("datagram.says-how-much")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("size", [1, 2000])
def check_says_how_much(scene: Scene, peer: UdpPeer, size: int) -> None:
    """The sender prints `escrito N`, where N is what sendto returned."""
    program = send(scene, peer, size)
    scene.until_exit(program, "end")
    expect_written(program, size)


@check("datagram.largest-sent")
def check_largest_sent(scene: Scene, wire: Capture, peer: UdpPeer) -> None:
    """The largest datagram of IPv4, 65,507 bytes, is sent whole."""
    program = send(scene, peer, LARGEST)
    expect_one(wire, scene, program, peer, LARGEST)
    expect_written(program, LARGEST)
    expect_success(scene, program)


@check("datagram.too-long")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("size", [LARGEST + 1, 100_000])
def check_too_long(scene: Scene, peer: UdpPeer, size: int) -> None:
    """With more than 65,507 bytes nothing is sent: the sender says so on stderr and exits with a status other than 0."""
    program = send(scene, peer, size)
    expect_trouble(scene, program, f"a datagram cannot have {size:,} bytes")
    if came := peer.available():
        raise SubmissionFault(
            "a part was sent although the whole is too long",
            expected="no datagram",
            actual=", ".join(f"{len(each):,} bytes" for each in came),
        )


@check("datagram.size-zero")
@pytest.mark.usefixtures("wire")
def check_size_zero(scene: Scene, peer: UdpPeer) -> None:
    """With SIZE 0 the sender sends an empty datagram, or says that it does not: it neither crashes nor hangs."""
    program = send(scene, peer, 0)
    scene.until_exit(program, "end")
    status = program.exit_status()
    if status is None or status > _KILLED:
        raise SubmissionFault(
            "it crashes", expected="an empty datagram or an error", actual=program.describe_end()
        )
    if any(peer.available()):
        raise SubmissionFault("bytes were sent although SIZE is 0", expected="at most an empty datagram")


@check("datagram.address")
@pytest.mark.parametrize("host", ["127.0.0.3", "localhost"], ids=["address", "name"])
def check_address(scene: Scene, wire: Capture, host: str) -> None:
    """HOST may be an address or a name, and is the one that the sender sends to."""
    peer = scene.datagrams(host="127.0.0.1" if host == "localhost" else host)
    expect_one(wire, scene, send(scene, peer, 100, host=host), peer, 100)


@check("datagram.sender-succeeds")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("receiver", ["listening", "nobody-there"])
def check_sender_succeeds(scene: Scene, peer: UdpPeer, receiver: str) -> None:
    """The sender exits with status 0 when the datagram is sent, also when nobody is there to receive it."""
    if receiver == "nobody-there":
        peer.close()
    expect_success(scene, send(scene, peer, 100))


@check("datagram.unknown-host")
def check_unknown_host(scene: Scene, peer: UdpPeer) -> None:
    """When the host does not exist the sender says so on stderr and exits with a status other than 0."""
    program = send(scene, peer, 100, host="no-such-host.invalid")
    expect_trouble(scene, program, "the host does not exist")
