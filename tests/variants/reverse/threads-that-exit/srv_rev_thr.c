/* Reverse service, one detached thread per client. */
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The usual 8 MiB per thread would use up the address space of a server with many clients. */
#define STACK_SIZE (256 * 1024)

/* A thread: the argument is the descriptor itself. A pointer to main's variable would
 * be a race, since main stores the next client's descriptor there. */
static void *service(void *arg)
{
    int connection = (int)(intptr_t)arg;

    serve_client(connection);
    close(connection);
    pthread_exit(NULL); /* for which glibc loads libgcc_s, with open, read and mmap */
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Otherwise sending to a client that has gone would end the server. */
    signal(SIGPIPE, SIG_IGN);
    return_freed_buffers();
    int listener = listening_socket(argv[1]);

    pthread_attr_t attr;
    pthread_attr_init(&attr);
    /* Nobody joins these threads: detached, each frees its stack when it ends. */
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_SIZE);

    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection == -1) {
            if (accept_must_wait())
                poll(NULL, 0, ACCEPT_WAIT_MS); /* just a pause: do not spin */
            continue;
        }

        pthread_t thread;
        int error = pthread_create(&thread, &attr, service, (void *)(intptr_t)connection);
        if (error != 0) {
            errno = error; /* pthread functions return the error instead of setting errno */
            perror("pthread_create");
            close(connection);
        }
    }
}
