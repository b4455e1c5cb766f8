import os

import event_web


def body(conn, file, left):
    while left:
        yield event_web.WRITE
        try:
            sent = os.sendfile(conn.fileno(), file, None, left)
        except BlockingIOError:
            continue
        if sent == 0:
            return
        left -= sent


event_web.main(body)
