/* Reverse service, one process per client. */
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
    /* Otherwise sending to a client that has gone would end its process with a signal. */
    signal(SIGPIPE, SIG_IGN);
    /* Nobody waits for the children: with SIGCHLD ignored they leave no zombies. */
    signal(SIGCHLD, SIG_IGN);
    return_freed_buffers();
    int listener = listening_socket(argv[1]);

    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection == -1) {
            if (accept_must_wait())
                poll(NULL, 0, ACCEPT_WAIT_MS); /* just a pause: do not spin */
            continue;
        }

        pid_t child = fork();
        if (child == -1) {
            perror("fork"); /* this client is lost, the next may have better luck */
        } else if (child == 0) {
            close(listener); /* only the parent accepts */
            serve_client(connection);
            close(connection);
            _exit(EXIT_SUCCESS); /* not exit: what stdio holds is the parent's to write */
        }
        /* The child has its own copy. With this one open the client would never see end of file. */
        close(connection);
    }
}
