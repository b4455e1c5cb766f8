"""Static web server: the kernel sends the file by itself, its bytes never pass through the process."""

import os
import socket
from contextlib import suppress
from io import FileIO

from web import close_connection, file_size, listen, open_file, prepare_header, receive_request, server_port


def send_reply(conn: socket.socket, header: bytes, file: FileIO, size: int) -> None:
    """Send the header and `size` bytes of the file; fewer if it became shorter: Content-Length shows it."""
    # MSG_MORE: the header need not leave in a packet of its own, the body comes at once.
    conn.sendall(header, socket.MSG_MORE)
    done = 0
    while done < size:
        # One call moves 2 GiB at most, and a signal can make it less.
        sent = os.sendfile(conn.fileno(), file.fileno(), done, size - done)
        if sent == 0:
            break
        done += sent


def main() -> None:
    """Serve one client after the other, for ever."""
    listener = listen(server_port())
    while True:
        conn, request = receive_request(listener)
        with suppress(OSError, MemoryError):  # a client that disappears ends its own connection, nothing else
            file = open_file(conn, request)
            if file is not None:
                with file:
                    size = file_size(file)
                    send_reply(conn, prepare_header(size), file, 0 if request.head else size)
        close_connection(conn)


if __name__ == "__main__":
    main()
