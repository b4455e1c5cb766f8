"""A thread for each client (socketserver); large files through windows; percent-decoding by the library."""

import mmap
import os
import pathlib
import socketserver
import sys
import urllib.parse

WINDOW = 64 << 20


class Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self):
        try:
            self.reply()
        except (OSError, ValueError) as error:
            print("fin:", error, flush=True)

    def reply(self):
        lines = []
        size = 0
        while True:
            line = self.rfile.readline(10_000)
            size += len(line)
            if not line.endswith(b"\n") or size > 30_000:
                return
            if line in (b"\r\n", b"\n"):
                break
            lines.append(line)
        words = lines[0].split() if lines else []
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return self.error("400 Bad Request")
        if words[0] not in (b"GET", b"HEAD"):
            return self.error("501 Unsupported")
        path = urllib.parse.unquote_to_bytes(words[1].split(b"?")[0]).decode("latin-1")
        top = pathlib.Path.cwd().resolve()
        file = (top / path.lstrip("/")).resolve()
        if not file.is_relative_to(top):
            return self.error("403 Forbidden")
        if not file.is_file():
            return self.error("404 Not Found")
        try:
            source = file.open("rb")
        except PermissionError:
            return self.error("403 Forbidden")
        with source:
            size = os.fstat(source.fileno()).st_size
            parts = [f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode()]
            if words[0] == b"HEAD" or size == 0:
                self.request.sendall(parts[0])
                return
            for begin in range(0, size, WINDOW):
                with mmap.mmap(
                    source.fileno(), min(WINDOW, size - begin), access=mmap.ACCESS_READ, offset=begin
                ) as window:
                    with memoryview(window) as view:
                        self.send([*parts, view])
                parts = []

    def send(self, parts):
        parts = [memoryview(part) for part in parts]
        while parts:
            sent = self.request.sendmsg(parts)
            while parts and sent >= len(parts[0]):
                sent -= len(parts[0])
                parts.pop(0).release()
            if parts and sent:
                rest = parts[0][sent:]
                parts[0].release()
                parts[0] = rest

    def error(self, status):
        self.request.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    def finish(self):
        super().finish()
        try:
            self.request.shutdown(1)
            while self.request.recv(65536):
                pass
        except OSError:
            pass


class WebServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 50

    def get_request(self):
        try:
            return super().get_request()
        except OSError:
            import time

            time.sleep(0.05)
            raise

    def handle_error(self, request, client_address):
        print("error with", client_address, file=sys.stderr)


if len(sys.argv) != 2:
    sys.exit("usage: srv_web_mmap_writev.py PORT")
with WebServer(("", int(sys.argv[1])), Handler) as server:
    server.serve_forever()
