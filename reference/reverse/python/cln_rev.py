"""Client of the reverse service: sends files on one connection, and writes each answer to stdout."""

import socket
import struct
import sys

from stream import port_number, recv_exactly

MAX_LENGTH = 2**32 - 1  # what a 4-byte header can say


def send_request(conn: socket.socket, data: bytes) -> None:
    """Send header and data in one gather call, so that they leave together and nothing is copied to join them."""
    header = struct.pack("!I", len(data))  # ! is network byte order, I is 32 bits unsigned
    parts = [memoryview(header), memoryview(data)]
    while parts:
        sent = conn.sendmsg(parts)
        # It may have taken only a part: go on where it stopped.
        while parts and sent >= len(parts[0]):
            sent -= len(parts.pop(0))
        if parts:
            parts[0] = parts[0][sent:]


def read_file(name: str) -> bytes:
    """Read a whole file; ends the program if it cannot be sent."""
    try:
        with open(name, "rb") as file:  # noqa: PTH123
            data = file.read()
    except OSError as error:
        sys.exit(f"read {name}: {error.strerror}")
    except MemoryError:
        sys.exit(f"read {name}: out of memory")
    if len(data) > MAX_LENGTH:
        sys.exit(f"file too large: {name}")
    return data


def main() -> None:
    """One request for each file: the next one leaves when the answer has come, so that neither side gets stuck."""
    if len(sys.argv) < 4:
        sys.exit(f"usage: {sys.argv[0]} HOST PORT FILE...")
    host, port, names = sys.argv[1], port_number(sys.argv[2]), sys.argv[3:]
    try:
        conn = socket.create_connection((host, port))  # tries every address of the name
    except OSError as error:
        sys.exit(f"connect to {host} port {port}: {error}")
    with conn:
        for name in names:
            data = read_file(name)
            try:
                send_request(conn, data)
                reply = recv_exactly(conn, len(data))
            except (OSError, MemoryError) as error:
                sys.exit(f"send and receive: {str(error) or 'out of memory'}: {name}")
            if len(reply) < len(data):
                sys.exit(f"receive: the server closed after {len(reply)} of {len(data)} bytes: {name}")
            try:
                sys.stdout.buffer.write(reply)
                sys.stdout.buffer.flush()
            except OSError as error:
                sys.exit(f"write to stdout: {error}")


if __name__ == "__main__":
    main()
