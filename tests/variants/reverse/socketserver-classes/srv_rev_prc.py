import socketserver

import inverso


class Forking(socketserver.ForkingMixIn, inverso.Server):
    max_children = 10_000
    block_on_close = False


inverso.run(Forking)
