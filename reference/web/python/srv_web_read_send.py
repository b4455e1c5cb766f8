"""Static web server: the file is read into a buffer of the process and sent from there."""

import socket
from contextlib import suppress
from io import FileIO

from web import close_connection, file_size, listen, open_file, prepare_header, receive_request, server_port

# More than the st_blksize of most file systems (4 KiB), for fewer system calls; larger ones gain little more.
BUFFER_SIZE = 128 * 1024


def send_reply(conn: socket.socket, header: bytes, file: FileIO, size: int) -> None:
    """Send the header and `size` bytes of the file; fewer if it became shorter: Content-Length shows it."""
    # MSG_MORE: the header need not leave in a packet of its own, the body comes at once.
    conn.sendall(header, socket.MSG_MORE)
    while size > 0:  # never more than size bytes, even if the file grows meanwhile
        data = file.read(min(size, BUFFER_SIZE))
        if not data:
            break
        # send may take only a part: sendall repeats it until everything went.
        conn.sendall(data, socket.MSG_MORE)
        size -= len(data)


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
        close_connection(conn)  # no more comes: this sends what MSG_MORE holds back


if __name__ == "__main__":
    main()
