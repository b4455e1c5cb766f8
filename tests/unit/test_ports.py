"""Ports of one cell."""

from __future__ import annotations

import socket

from grader.stage.scene import fresh_port


def test_no_port_is_given_twice_nor_reads_the_same_in_both_byte_orders() -> None:
    ports = [fresh_port() for _ in range(600)]
    assert len(set(ports)) == len(ports)
    assert not any(socket.htons(port) == port for port in ports)
