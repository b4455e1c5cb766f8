/* Static web server: the kernel sends the file by itself, its bytes never pass through the process. */
#include "web.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

/* If the client disappears, or the file becomes shorter, the reply ends early: Content-Length shows it. */
static void send_reply(int connection, const char *header, int file, off_t size)
{
    /* MSG_MORE: the header need not leave in a packet of its own, the body comes at once. */
    if (send_all(connection, header, strlen(header), MSG_MORE) == -1)
        return;
    /* One call moves 2 GiB at most, and a signal can make it less. With NULL the file's own position moves on. */
    while (size > 0) {
        ssize_t n = sendfile(connection, file, NULL, (size_t)size);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        size -= n;
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Otherwise sending to a client that has gone would end the server. */
    signal(SIGPIPE, SIG_IGN);
    int listener = listening_socket(argv[1]);

    for (;;) {
        struct request request;
        int connection = receive_request(listener, &request);
        off_t size;
        int file = open_file(connection, &request, &size);
        if (file != -1) {
            char header[MAX_HEADER];
            prepare_header(size, header);
            send_reply(connection, header, file, request.head ? 0 : size);
            close(file);
        }
        close_connection(connection);
    }
}
