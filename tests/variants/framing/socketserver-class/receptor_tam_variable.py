import socketserver
import struct
import sys


class Receptor(socketserver.StreamRequestHandler):
    def handle(self):
        while len(cabecera := self.rfile.read(8)) == 8:
            tam = struct.unpack("!2I", cabecera)
            if max(tam) > 1 << 20:
                return
            datos = [self.rfile.read(n) for n in tam]
            if [len(dato) for dato in datos] != list(tam):
                return
            textos = [dato.decode("utf-8", "backslashreplace") for dato in datos]
            print("dato1", textos[0], "dato2", textos[1], flush=True)


class Servidor(socketserver.TCPServer):
    allow_reuse_address = True


if len(sys.argv) != 2:
    sys.exit("usage: receptor_tam_variable PORT")
with Servidor(("", int(sys.argv[1])), Receptor) as servidor:
    servidor.serve_forever()
