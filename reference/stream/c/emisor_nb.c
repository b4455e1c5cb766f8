/* Sends one message of SIZE bytes with one send that does not block: it copies what fits in the socket's buffer. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
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

    /* Added to the flags that are set already: F_SETFL alone would clear them. */
    int flags = fcntl(s, F_GETFL, 0);
    if (flags == -1 || fcntl(s, F_SETFL, flags | O_NONBLOCK) == -1)
        fail("fcntl");

    ssize_t escrito;
    do
        escrito = send(s, buf, tam, 0);
    while (escrito == -1 && errno == EINTR);
    if (escrito == -1) /* EAGAIN: not even one byte fits */
        fail("send");
    /* The rest is not sent. Trying at once again would be busy waiting: select, poll, epoll tell when there is room. */
    printf("escrito %zd\n", escrito);

    close(s);
    free(buf);
    return EXIT_SUCCESS;
}
