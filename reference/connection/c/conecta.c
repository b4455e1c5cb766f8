/* Makes one connection and closes it. It succeeds without the server's accept: listen is enough. */
#include "sockets.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    struct addrinfo *list = addresses_of(argv[1], argv[2], SOCK_STREAM);

    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s == -1)
        fail("socket");
    /* A name may have several addresses: where one fails, the next one is tried. */
    struct addrinfo *dir = list;
    while (connect(s, dir->ai_addr, dir->ai_addrlen) == -1) {
        if (errno == EINTR) /* calling connect again goes on waiting (Linux) */
            continue;
        dir = dir->ai_next;
        if (dir == NULL)
            fail("connect");
    }
    printf("conectado\n");

    freeaddrinfo(list);
    close(s);
    return EXIT_SUCCESS;
}
