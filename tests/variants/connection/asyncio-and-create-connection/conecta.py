import socket
import sys

if len(sys.argv) != 3:
    print("Uso: conecta MÁQUINA PUERTO", file=sys.stderr)
    sys.exit(2)
socket.create_connection((sys.argv[1], int(sys.argv[2]))).close()
