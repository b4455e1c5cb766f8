"""What the three web servers share: the listening socket, the request, the file, the header, and the end of a reply.

A request is a line, `GET /PATH HTTP/1.1`, then header fields, then an empty line.
"""

import errno
import os
import re
import socket
import stat
import sys
import time
from contextlib import suppress
from io import FileIO
from urllib.parse import unquote_to_bytes

MAX_REQUEST = 8192  # request line and header fields together; a longer request is refused
# Seconds to wait for the client to close after a reply: one that does not delays the next client by this much.
CLOSE_WAIT = 0.5

# Lines end in CRLF; a lone LF, as people type it into nc, will do (RFC 9112, section 2.2).
EMPTY_LINE = re.compile(rb"\n\r?\n")
REQUEST_LINE = re.compile(rb"([^ \0]+) ([^ \0]+) HTTP/([0-9])\.[0-9]")
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

_reported: set[str] = set()


class Request:
    """What a client wants."""

    def __init__(self) -> None:
        self.head = False  # HEAD: the header alone
        self.path = b""  # relative to the current directory: decoded, without query, never upwards


class RefusedError(Exception):
    """A request that gets an error reply; its text is the status, such as `404 Not Found`."""


def report_once(operation: str, error: Exception) -> None:
    """Say on stderr what failed, once: a shortage meets every client, and would fill the disk with one line."""
    message = f"{sys.argv[0]}: {operation}: {str(error) or type(error).__name__}"
    if message not in _reported:
        _reported.add(message)
        print(message, file=sys.stderr, flush=True)


def port_number(text: str) -> int:
    """The port in an argument; ends the program if it is none."""
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    sys.exit(f"bad port: {text!r} (a number from 1 to 65535)")


def server_port() -> int:
    """The only argument of a server; ends the program with a usage line if it is not there."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PORT")
    return port_number(sys.argv[1])


def listen(port: int) -> socket.socket:
    """A socket that listens on a port of every local address; ends the program if it cannot be had."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # The server closes first, so its connections stay in TIME_WAIT: without this it could not be restarted.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("", port))  # "" is INADDR_ANY
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        sys.exit(f"bind and listen on port {port}: {error}")
    return listener


def pause_after_accept_error(error: Exception) -> None:
    """What a server does when accept failed; it never ends for that."""
    report_once("accept", error)
    if isinstance(error, ConnectionAbortedError):
        return  # that client left while it waited in the accept queue: the next one is another matter
    # No descriptor or no memory: the client stays in the queue, so that trying again at once would fail again,
    # and again, with all of the CPU.
    time.sleep(0.1)


def receive_request(listener: socket.socket) -> tuple[socket.socket, Request]:
    """Wait for the next client and for its whole request.

    A client that asks for nothing, or asks wrongly, is dealt with in here, and the wait goes on.
    """
    while True:
        try:
            conn, _ = listener.accept()
        except (OSError, MemoryError) as error:
            pause_after_accept_error(error)
            continue
        request = Request()
        try:
            if head := _receive_head(conn):
                _parse(head, request)
                return conn, request
        except RefusedError as status:
            send_error(conn, request, str(status))
        except (OSError, MemoryError):
            pass  # that client has lost its connection: nobody else suffers
        close_connection(conn)


def _receive_head(conn: socket.socket) -> bytes:
    """The request up to the empty line, however TCP splits it; empty if the client left before."""
    data = b""
    while not EMPTY_LINE.search(data):
        if len(data) == MAX_REQUEST:
            raise RefusedError("431 Request Header Fields Too Large" if b"\n" in data else "414 URI Too Long")
        piece = conn.recv(MAX_REQUEST - len(data))
        if not piece:
            return b""
        data += piece
    return data


def _parse(head: bytes, request: Request) -> None:
    """Fill in the request. The header fields do not matter here: only the first line is looked at."""
    line = head.partition(b"\n")[0].removesuffix(b"\r")
    match = REQUEST_LINE.fullmatch(line)
    if match is None:
        raise RefusedError("400 Bad Request")
    method, target, version = match.groups()
    request.head = method == b"HEAD"
    if version != b"1":
        raise RefusedError("505 HTTP Version Not Supported")
    if method not in {b"GET", b"HEAD"}:
        raise RefusedError("501 Not Implemented")
    request.path = _decode_path(target)


def _decode_path(target: bytes) -> bytes:
    """The path of a file below the current directory that a request names."""
    path = target.partition(b"?")[0]  # the query would be for a program; here it says nothing about the file
    if not path.startswith(b"/") or BAD_ESCAPE.search(path):
        raise RefusedError("400 Bad Request")
    path = unquote_to_bytes(path)
    if b"\0" in path:  # no name of a file can hold one
        raise RefusedError("400 Bad Request")
    # After the decoding, or %2e%2e and %2f would get past. Symbolic links are followed: they are the owner's.
    if b".." in path.split(b"/"):
        raise RefusedError("403 Forbidden")
    return b"." + path


def open_file(conn: socket.socket, request: Request) -> FileIO | None:
    """Open the file that is asked for; None if there is none to serve, and the client was told."""
    try:
        # Without O_NONBLOCK a FIFO would hold the server until somebody writes into it. It does not matter to a file.
        file = os.open(request.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}:
            send_error(conn, request, "404 Not Found")
        elif error.errno in {errno.EACCES, errno.EPERM, errno.ENXIO}:  # ENXIO: a socket
            send_error(conn, request, "403 Forbidden")
        else:
            report_once("open", error)
            send_error(conn, request, "500 Internal Server Error")
        return None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        send_error(conn, request, "403 Forbidden")  # a directory, a FIFO, a device
        return None
    return FileIO(file)  # not open(): that would read into a buffer of its own


def file_size(file: FileIO) -> int:
    """Bytes in an open file."""
    return os.fstat(file.fileno()).st_size


def prepare_header(size: int) -> bytes:
    """The header of a reply whose body is a file of `size` bytes."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size


def send_error(conn: socket.socket, request: Request, status: str) -> None:
    """Send a whole error reply."""
    body = f"{status}\n".encode()
    header = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with suppress(OSError):  # if the client has gone, nobody misses it
        conn.sendall(header.encode() + (b"" if request.head else body))


def close_connection(conn: socket.socket) -> None:
    """Send what MSG_MORE still holds back, then close, in such a way that the client gets the whole reply.

    A close while received bytes are unread (the body of a POST, a request that is too long) sends a reset, and that
    can destroy a reply on its way. So: end of file first, then receive until the client closes too.
    """
    end = time.monotonic() + CLOSE_WAIT
    with conn, suppress(OSError):  # the client may have gone, or not close in time
        conn.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            conn.settimeout(left)
            if not conn.recv(16 * 1024):
                break
