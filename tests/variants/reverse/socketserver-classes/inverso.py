"""What the three servers share: the handler, and what socketserver leaves to its users."""

import socketserver
import struct
import sys
import time


class Handler(socketserver.StreamRequestHandler):
    """rfile is buffered, so read(n) returns n bytes unless the stream ends."""

    disable_nagle_algorithm = True

    def handle(self):
        try:
            while True:
                header = self.rfile.read(4)
                if len(header) < 4:
                    return
                (length,) = struct.unpack("!I", header)
                if length > 64 << 20:
                    return
                data = self.rfile.read(length)
                if len(data) < length:
                    return
                self.wfile.write(data[::-1])
        except (ConnectionError, MemoryError):
            return


class Server(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def get_request(self):
        try:
            return super().get_request()
        except ConnectionAbortedError:
            raise
        except OSError:
            time.sleep(0.1)  # EMFILE: the listener stays readable
            raise

    def handle_error(self, request, client_address):
        print("error with", client_address, sys.exc_info()[1], file=sys.stderr)


def run(cls):
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} PORT")
    try:
        server = cls(("", int(sys.argv[1])), Handler)
    except OSError as error:
        raise SystemExit(f"bind: {error}")
    with server:
        server.serve_forever()
