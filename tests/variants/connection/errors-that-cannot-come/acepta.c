/* Accepts connections for ever; BACKLOG is the number that listen gets. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT BACKLOG\n", argv[0]);
        return EXIT_FAILURE;
    }
    in_port_t port = htons((uint16_t)number("PORT", argv[1], 1, 65535));
    int backlog = (int)number("BACKLOG", argv[2], 0, INT_MAX);
    /* Each line at once, also when stdout is a file or a pipe: this program is ended by a signal. */
    setvbuf(stdout, NULL, _IOLBF, 0);

    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s == -1)
        fail("socket");
    /* Lets the program restart while old connections are still in TIME-WAIT. */
    int yes = 1;
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == -1)
        fail("setsockopt");

    struct sockaddr_in dir;
    memset(&dir, 0, sizeof dir);
    dir.sin_family = AF_INET;
    dir.sin_port = port;
    dir.sin_addr.s_addr = htonl(INADDR_ANY); /* any address of this machine, not 127.0.0.1 only */
    if (bind(s, (struct sockaddr *)&dir, sizeof dir) == -1)
        fail("bind");

    /* From here on clients can connect, though nobody has called accept: on Linux BACKLOG + 1 of them wait in the
     * accept queue, the next one blocks in its connect. */
    if (listen(s, backlog) == -1)
        fail("listen");

    for (;;) {
        struct sockaddr_in dir_cliente;
        socklen_t tam_dir = sizeof dir_cliente;
        int s_conec = accept(s, (struct sockaddr *)&dir_cliente, &tam_dir);
        if (s_conec == -1) {
            if (errno == EINTR)
                fail("accept");
            after_error("accept");
            continue;
        }
        printf("aceptado %s puerto %d\n", inet_ntoa(dir_cliente.sin_addr), ntohs(dir_cliente.sin_port));
        close(s_conec);
    }
}
