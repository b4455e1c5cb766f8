"""Receives two data of variable size, which come after their lengths. One message per connection."""

import socket
import struct
import sys

from sockets import after_error, listening_socket, port_number

MAX_DATO = 1024 * 1024  # the lengths come from outside: what they ask for is not given unseen


def recv_waitall(s_conec: socket.socket, tam: int) -> bytes:
    """Receive `tam` bytes; EOFError if the stream ends before."""
    datos = b""
    # Nearly always one recv is enough. But a signal, or a stop and continue, cuts it short: then the loop goes on.
    while len(datos) < tam:
        parte = s_conec.recv(tam - len(datos), socket.MSG_WAITALL)
        if not parte:
            raise EOFError("the connection ended before the message")
        datos += parte
    return datos


def recibe(s_conec: socket.socket) -> None:
    # ! is network byte order, I is 32 bits unsigned
    tam1, tam2 = struct.unpack("!II", recv_waitall(s_conec, struct.calcsize("!II")))
    if tam1 > MAX_DATO or tam2 > MAX_DATO:
        print(f"refused: lengths {tam1} and {tam2}, at most {MAX_DATO}", file=sys.stderr, flush=True)
        return
    dato1 = recv_waitall(s_conec, tam1)
    dato2 = recv_waitall(s_conec, tam2)
    # Bytes, as they came: print would need text, and these may be no UTF-8.
    sys.stdout.buffer.write(b"dato1 %b dato2 %b\n" % (dato1, dato2))
    sys.stdout.buffer.flush()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PORT")
    s = listening_socket(port_number(sys.argv[1]))
    while True:
        try:
            s_conec, _ = s.accept()
        except (OSError, MemoryError) as error:
            after_error("accept", error)
            continue
        with s_conec:
            try:
                recibe(s_conec)
            except (OSError, EOFError, MemoryError) as error:  # the next connection is another matter
                print(f"recv: {error!r}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
