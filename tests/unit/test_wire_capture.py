"""Captures: frames against scapy's dissection of them, then live ones inside a cell's network namespace."""

from __future__ import annotations

import io
import random
import socket
import threading
from pathlib import Path
from typing import Any

from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.utils import PcapReader

from grader.cells.room import Room
from grader.wire.capture import Capture
from grader.wire.packets import tcp_segments, udp_datagrams
from tests.unit.rooms import opened_cell, told

PORT = 20_000
LARGE = 50_000_000


def test_segments_are_what_scapy_dissects() -> None:
    chance = random.Random(1)
    packets = [
        Ether()
        / IP(src="127.0.0.1", dst="127.0.0.2")
        / TCP(
            sport=chance.randrange(1, 65536),
            dport=PORT,
            seq=chance.randrange(2**32),
            ack=chance.randrange(2**32),
            flags=chance.choice(["S", "SA", "PA", "FA", "R", "RA", "A"]),
            window=chance.randrange(65536),
            options=chance.choice([[], [("MSS", 1460)], [("Timestamp", (1, 2))]]),
        )
        / chance.randbytes(chance.choice([0, 1, 1448]))
        for _ in range(50)
    ]
    found = tcp_segments([(0.0, bytes(packet)) for packet in packets], PORT)
    for packet, segment in zip(packets, found, strict=True):
        again = Ether(bytes(packet))
        assert segment.source == (again[IP].src, again[TCP].sport)
        assert segment.target == (again[IP].dst, again[TCP].dport)
        assert set(segment.flags) == set(str(again[TCP].flags))
        assert (segment.seq, segment.ack, segment.window) == (again.seq, again.ack, again.window)
        assert segment.data == bytes(again[TCP].payload)
        assert segment.length == len(segment.data)


def test_other_ports_protocols_and_torn_frames_are_passed_over() -> None:
    frames = [
        bytes(Ether() / IP() / TCP(dport=PORT + 1)),
        bytes(Ether() / IP() / UDP(dport=PORT)),
        bytes(Ether() / IP())[:20],
        b"",
    ]
    assert tcp_segments([(0.0, frame) for frame in frames], PORT) == []


def test_fragments_become_one_datagram() -> None:
    data = bytes(range(256)) * 20
    whole = IP(src="127.0.0.1", dst="127.0.0.1", id=7) / UDP(sport=9, dport=PORT) / data
    frames = [(0.0, bytes(Ether() / piece)) for piece in fragment(whole, fragsize=1400)]  # type: ignore[no-untyped-call]  # scapy's
    assert len(frames) > 3
    (found,) = udp_datagrams(frames, PORT)
    assert found.data == data
    assert udp_datagrams(frames[:-1], PORT) == []


def two_sends_and_more(_room: Room) -> Any:
    """In a worker: what a capture sees of two sends, of MSG_MORE, of a large send and of a datagram."""
    with socket.create_server(("127.0.0.1", PORT)) as listener:
        capture = Capture()
        ours = socket.create_connection(("127.0.0.1", PORT))
        theirs, _ = listener.accept()
        for data in (b"hola", b"mundo"):
            ours.sendall(data)
            theirs.recv(16)
        ours.send(b"a", socket.MSG_MORE)
        ours.send(b"b")
        theirs.recv(16)
        ours.sendall(bytes(4000))
        left = 4000
        while left:
            left -= len(theirs.recv(left))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(bytes(5000), ("127.0.0.1", PORT))
        ours.close()
        theirs.recv(1)
        theirs.close()
        spoken = capture.connection(PORT)
        read = [bytes(packet) for packet in PcapReader(io.BytesIO(capture.pcap()))]  # type: ignore[arg-type]  # scapy takes files too
        return {
            "sizes": [len(data) for data in spoken.data_segments(spoken.client)],
            "client first": spoken.closed_first() == spoken.client,
            "datagrams": [len(each.data) for each in capture.datagrams(PORT)],
            "pcap": len(read),
            "frames": len(spoken.segments),
        }


def fifty_megabytes(_room: Room) -> Any:
    """In a worker: nothing is lost of a large transfer when headers are kept."""
    with socket.create_server(("127.0.0.1", PORT)) as listener:
        capture = Capture(headers_only=True)
        ours = socket.create_connection(("127.0.0.1", PORT))
        theirs, _ = listener.accept()

        def read() -> None:
            while theirs.recv(1 << 18):
                pass

        reader = threading.Thread(target=read)
        reader.start()
        ours.sendall(bytes(LARGE))
        ours.close()
        reader.join()
        theirs.close()
        spoken = capture.connection(PORT)
        return {"bytes": sum(spoken.data_lengths(spoken.client)), "mss": spoken.mss(spoken.client)}


def test_live_capture(tmp_path: Path) -> None:
    (tmp_path / "x.c").touch()
    with opened_cell(tmp_path, two_sends_and_more, fifty_megabytes) as cell:
        seen = told(cell, two_sends_and_more)
        large = told(cell, fifty_megabytes)
    assert seen["sizes"] == [4, 5, 2, 1448, 1448, 1104]
    assert seen["client first"]
    assert seen["datagrams"] == [5000]
    assert seen["pcap"] >= seen["frames"] + 4  # the datagram came in four fragments
    assert large == {"bytes": LARGE, "mss": 1448}
