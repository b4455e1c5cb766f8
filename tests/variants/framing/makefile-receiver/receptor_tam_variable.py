import socket
import struct
import sys

if len(sys.argv) != 2:
    sys.exit("uso: receptor_tam_variable puerto")
s = socket.create_server(("", int(sys.argv[1])), backlog=2)
while True:
    try:
        conexion, (quien, _) = s.accept()
    except OSError as error:
        print("accept:", error, file=sys.stderr)
        continue
    try:
        with conexion, conexion.makefile("rb") as f:
            cabecera = f.read(8)
            if len(cabecera) < 8:
                continue
            tam1, tam2 = struct.unpack(">LL", cabecera)
            if max(tam1, tam2) > 1 << 20:
                print("demasiado grande", file=sys.stderr)
                continue
            dato1 = f.read(tam1)
            dato2 = f.read(tam2)
            if len(dato1) + len(dato2) == tam1 + tam2:
                print(
                    f"De {quien}:\n  dáto1 = {dato1.decode(errors='replace')}\n  dáto2 = {dato2.decode(errors='replace')}"
                )
    except (OSError, MemoryError) as error:
        print("error:", error, file=sys.stderr)
