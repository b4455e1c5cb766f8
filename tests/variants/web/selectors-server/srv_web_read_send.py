import os
import socket

import event_web


def body(conn, file, left):
    while left:
        data = os.read(file, min(left, 65536))
        if not data:
            return
        left -= len(data)
        yield from event_web.sending(conn, data, socket.MSG_MORE)


event_web.main(body)
