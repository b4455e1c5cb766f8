/* Sends one message of SIZE bytes with one blocking send.
 *
 * The send ends when all of it has been copied to the socket's buffer: a message that fits needs no receiver that
 * reads, nor one that has called accept; a larger one waits until the receiver has read enough. */
#include "sockets.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s HOST PORT SIZE\n", argv[0]);
        return EXIT_FAILURE;
    }
    size_t tam = number("SIZE", argv[3], 0, SSIZE_MAX);
    char *buf = calloc(tam, 1);
    if (buf == NULL && tam > 0)
        fail("calloc");
    /* A receiver that has gone shall be an error of send, not the silent end of this program. */
    signal(SIGPIPE, SIG_IGN);
    int s = connect_to(argv[1], argv[2]);

    ssize_t escrito;
    do
        escrito = send(s, buf, tam, 0);
    while (escrito == -1 && errno == EINTR); /* interrupted before the first byte */
    if (escrito == -1)
        fail("send");
    /* Less than SIZE is no error of this send: the receiver closed, or a signal came, when part had been copied.
     * Another send would tell. */
    printf("escrito %zd\n", escrito);

    close(s);
    free(buf);
    return EXIT_SUCCESS;
}
