/* Receives datagrams, each with one recvfrom. What is longer than SIZE is cut: the rest of that datagram is lost. */
#include "sockets.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT SIZE\n", argv[0]);
        return EXIT_FAILURE;
    }
    in_port_t port = htons((uint16_t)number("PORT", argv[1], 1, 65535));
    size_t tam = number("SIZE", argv[2], 1, SSIZE_MAX);
    char *buf = malloc(tam);
    if (buf == NULL)
        fail("malloc");
    /* Each line at once, also when stdout is a file or a pipe: this program is ended by a signal. */
    setvbuf(stdout, NULL, _IOLBF, 0);

    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s == -1)
        fail("socket");
    /* No SO_REUSEADDR: without connections there is no TIME-WAIT, and a second receptor on this port would take over
     * the datagrams of the first. */
    struct sockaddr_in dir;
    memset(&dir, 0, sizeof dir);
    dir.sin_family = AF_INET;
    dir.sin_port = port;
    dir.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(s, (struct sockaddr *)&dir, sizeof dir) == -1)
        fail("bind");

    for (;;) {
        ssize_t leido = recvfrom(s, buf, tam, 0, NULL, NULL); /* NULL: it does not matter who sent it */
        if (leido == -1)
            fail("recvfrom");
        printf("leido %zd\n", leido); /* 0 is an empty datagram: there is no end of file */
    }
}
