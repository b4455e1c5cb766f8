"""The library's own server of datagrams."""

import socketserver
import sys

if len(sys.argv) != 3:
    sys.exit("Uso: receptor_dgram PUERTO TAMAÑO")


class Message(socketserver.BaseRequestHandler):
    def handle(self):
        datos, _ = self.request
        print("leído", len(datos), "de", self.client_address, flush=True)


class Receiver(socketserver.UDPServer):
    max_packet_size = int(sys.argv[2])


with Receiver(("", int(sys.argv[1])), Message) as receiver:
    input_waited_for = sys.stdin.readline()
    receiver.serve_forever(poll_interval=None)
