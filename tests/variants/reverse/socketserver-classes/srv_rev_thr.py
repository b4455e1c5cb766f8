import socketserver

import inverso


class Threading(socketserver.ThreadingMixIn, inverso.Server):
    daemon_threads = True


inverso.run(Threading)
