/* Sends one datagram of SIZE bytes. See README.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The number in an argument, or -1 if it is none or above MAX. */
static int parse_number(const char *text, long max)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > max)
        return -1;
    return (int)value;
}

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s HOST PORT SIZE\n", argv[0]);
        return 1;
    }
    const char *host = argv[1], *port = argv[2];
    int size = parse_number(argv[3], 100000000);
    if (size < 0) {
        fprintf(stderr, "%s: bad size: %s\n", argv[0], argv[3]);
        return 1;
    }

    /* TODO. Any error: a message that names what failed (perror; gai_strerror for getaddrinfo), and exit status 1.
     *   getaddrinfo  HOST and PORT as text, AF_INET, SOCK_DGRAM
     *   malloc       a buffer of SIZE bytes; what is in it does not matter
     *   socket
     *   sendto       once, all SIZE bytes. Over 65507 bytes it returns -1 (EMSGSIZE): an error like any other.
     *   printf       `escrito N` with what sendto returned
     *   close        and return 0 */

    fprintf(stderr, "emisor_dgram: not written yet (it will send %d bytes to %s port %s)\n", size, host, port);
    return 1;
}
