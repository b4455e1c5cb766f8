/* Reverse service, sequential: one client after the other. The next ones wait in the accept queue. */
#include "stream.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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
        int connection = accept(listener, NULL, NULL);
        if (connection == -1) {
            if (accept_must_wait())
                poll(NULL, 0, ACCEPT_WAIT_MS); /* just a pause: do not spin */
            continue;
        }
        serve_client(connection);
        close(connection);
    }
}
