import socket
import sys

try:
    host, port, size = sys.argv[1:]
except ValueError:
    sys.exit("Uso: emisor_dgram MÁQUINA PUERTO TAMAÑO")
with socket.socket(type=socket.SOCK_DGRAM) as s:
    print("escrito", s.sendto(b"x" * int(size), (host, int(port))))
