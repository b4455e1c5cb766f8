/* Receives datagrams, each with one recvfrom of SIZE bytes. See README.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The number in an argument, or -1 if it is none, or not from MIN to MAX. */
static int parse_number(const char *text, long min, long max)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        return -1;
    return (int)value;
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT SIZE\n", argv[0]);
        return 1;
    }
    int port = parse_number(argv[1], 1, 65535), size = parse_number(argv[2], 1, 100000000);
    if (port < 0 || size < 0) {
        fprintf(stderr, "%s: bad port or size: %s %s\n", argv[0], argv[1], argv[2]);
        return 1;
    }

    /* TODO 1. The socket. Check every call: on an error perror("NAME OF THE CALL") and exit status 1.
     *   malloc  a buffer of SIZE bytes
     *   socket  AF_INET, SOCK_DGRAM
     *   bind    address INADDR_ANY; port and address in network byte order (htons, htonl). There is no listen.
     *   You may wait for Enter (getchar) after bind. End of file there means: do not wait. */

    /* TODO 2. For ever: one recvfrom of SIZE bytes, and a line `leido N` with what it returned.
     *   0 is an empty datagram, and no end.
     *   -1 with EINTR or ECONNREFUSED: try again, without a line. */

    fprintf(stderr, "receptor_dgram: not written yet (it will receive on port %d, %d bytes at a time)\n", port, size);
    return 1;
}
