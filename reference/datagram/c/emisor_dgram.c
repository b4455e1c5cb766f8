/* Sends one datagram of SIZE bytes. It goes whole or not at all: over 65507 bytes it is an error (EMSGSIZE). */
#include "sockets.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
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
    struct addrinfo *dir = addresses_of(argv[1], argv[2], SOCK_DGRAM);

    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s == -1)
        fail("socket");
    /* Nothing is connected: it succeeds without a receiver too. Of several addresses the first is taken, since no
     * error would tell that it is the wrong one. */
    ssize_t escrito;
    do
        escrito = sendto(s, buf, tam, 0, dir->ai_addr, dir->ai_addrlen);
    while (escrito == -1 && errno == EINTR);
    if (escrito == -1)
        fail("sendto");
    printf("escrito %zd\n", escrito);

    freeaddrinfo(dir);
    close(s);
    free(buf);
    return EXIT_SUCCESS;
}
