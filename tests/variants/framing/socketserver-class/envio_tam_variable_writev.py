import os
import socket
import sys

if len(sys.argv) != 5:
    sys.exit("usage: envio_tam_variable_writev HOST PORT DATA1 DATA2")
datos = [argumento.encode() for argumento in sys.argv[3:]]
partes = [b"".join(len(dato).to_bytes(4, "big") for dato in datos), *datos]
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while partes:
    n = os.writev(s.fileno(), partes)
    while partes and n >= len(partes[0]):
        n -= len(partes.pop(0))
    if partes:
        partes[0] = partes[0][n:]
