/* Two data, two sends: two system calls, and two segments on the wire. */
#include "sockets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sends one datum, without its final NUL. */
static void envia(int s, const char *dato)
{
    size_t tam = strlen(dato);
    size_t escrito = 0;

    while (escrito < tam) { /* a send may take only a part */
        ssize_t n = send(s, dato + escrito, tam - escrito, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            fail("send");
        escrito += (size_t)n;
    }
    printf("escrito %zu\n", escrito);
}

int main(int argc, char *argv[])
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* A receiver that has gone shall be an error of send, not the silent end of this program. */
    signal(SIGPIPE, SIG_IGN);
    int s = connect_to(argv[1], argv[2]);

    envia(s, argv[3]);
    envia(s, argv[4]);

    close(s);
    return EXIT_SUCCESS;
}
