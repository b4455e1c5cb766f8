"""Reverse service, one thread per client, started when the client comes.

Threads wait in recv and send without the interpreter's lock, so that a silent client delays nobody.
"""

import socket
import threading
from contextlib import suppress

from stream import listen, pause_after_accept_error, recv_request, report_once, server_port

STACK_SIZE = 256 * 1024  # the default of 8 MiB a thread is a lot of address space for many clients


def serve(conn: socket.socket) -> None:
    """Answer the requests of one client until it ends. Everything it uses is its own: no locks."""
    # Threads share the descriptors: the one that serves is the one that closes. A client that is cut off, or asks
    # for more memory than there is, loses its connection: nobody else suffers.
    with conn, suppress(OSError, MemoryError):
        while (data := recv_request(conn)) is not None:
            data.reverse()
            conn.sendall(data)  # send may take only a part: sendall repeats it until everything went
            del data  # not kept while the client thinks about its next request


def main() -> None:
    """Accept clients for ever; a thread serves each."""
    listener = listen(server_port())
    threading.stack_size(STACK_SIZE)
    while True:
        try:
            conn, _ = listener.accept()
        except (OSError, MemoryError) as error:
            pause_after_accept_error(error)
            continue
        try:
            # Nobody joins it: that would serve one client at a time.
            threading.Thread(target=serve, args=(conn,), daemon=True).start()
        except (RuntimeError, MemoryError) as error:  # no thread for this client: it is turned away
            report_once("thread", error)
            conn.close()


if __name__ == "__main__":
    main()
