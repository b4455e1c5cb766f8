"""Static web server: the file is mapped into memory, and header and body are sent with one call.

Both are sent from where they are: the process copies nothing. Python has writev for files; sendmsg is the same for
sockets.
"""

import mmap
import socket
from contextlib import suppress
from io import FileIO

from web import (
    Request,
    close_connection,
    file_size,
    listen,
    open_file,
    prepare_header,
    receive_request,
    report_once,
    send_error,
    server_port,
)


def sendmsg_all(conn: socket.socket, header: bytes, body: memoryview) -> None:
    """Send both buffers whole. The first call carries both."""
    sent = 0
    while sent < len(header) + len(body):
        # One call moves 2 GiB at most, and a signal can make it less. A slice of a memoryview is no copy.
        # The file may be cut while it is mapped. The process would get SIGBUS if it touched a page that is no longer
        # there, but here the kernel copies, and the call just fails with EFAULT.
        with body[max(0, sent - len(header)) :] as rest:
            sent += conn.sendmsg([header[sent:], rest])


def send_reply(conn: socket.socket, request: Request, file: FileIO) -> None:
    """Send the header and, unless the request is HEAD, the whole file. If it is cut meanwhile, the reply ends early."""
    size = file_size(file)
    header = prepare_header(size)
    if request.head or size == 0:  # an empty mapping is an error: the header goes alone
        conn.sendall(header)
        return
    try:
        mapping = mmap.mmap(file.fileno(), size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    except (OSError, ValueError) as error:  # ValueError: the file became shorter just now
        report_once("mmap", error)
        send_error(conn, request, "500 Internal Server Error")
        return
    with mapping, memoryview(mapping) as body:
        sendmsg_all(conn, header, body)


def main() -> None:
    """Serve one client after the other, for ever."""
    listener = listen(server_port())
    while True:
        conn, request = receive_request(listener)
        with suppress(OSError, MemoryError):  # a client that disappears ends its own connection, nothing else
            file = open_file(conn, request)
            if file is not None:
                with file:
                    send_reply(conn, request, file)
        close_connection(conn)


if __name__ == "__main__":
    main()
