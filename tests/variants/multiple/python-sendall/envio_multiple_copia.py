#!/usr/bin/env python3
import ctypes
import socket
import sys


class Mensaje(ctypes.Structure):
    _fields_ = [("dato1", ctypes.c_char * 16), ("dato2", ctypes.c_char * 16)]


if len(sys.argv) != 5:
    sys.exit("uso: envio_multiple_copia máquina puerto dato1 dato2")
datos = [argumento.encode() for argumento in sys.argv[3:]]
if max(map(len, datos)) > 15:
    raise SystemExit("un dato no cabe en su campo")
m = Mensaje(*datos)
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("escrito", s.send(m))
s.close()
