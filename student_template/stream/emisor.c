/* Sends one message of SIZE bytes with one send that waits. See README.md. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The number in an argument, or -1 if it is none, below 0 or above MAX. */
static long parse_number(const char *text, long max)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > max)
        return -1;
    return value;
}

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s HOST PORT SIZE\n", argv[0]);
        return 1;
    }
    const char *host = argv[1], *port = argv[2];
    long size = parse_number(argv[3], LONG_MAX);
    if (size < 0) {
        fprintf(stderr, "%s: bad size: %s\n", argv[0], argv[3]);
        return 1;
    }

    /* TODO 1. A buffer of SIZE bytes (calloc: 50,000,000 do not fit on the stack), and the connection. Any error: a
     *   message that names what failed (perror; gai_strerror for getaddrinfo), and exit status 1.
     *   getaddrinfo  HOST and PORT as text, AF_INET, SOCK_STREAM
     *   socket, connect
     *   You may wait for Enter (getchar) after connect; end of file there means: do not wait. */

    /* TODO 2. One send of the whole buffer. Print what it returned: "escrito N". Less than SIZE is no error: the receiver
     *   went away when a part had been copied. -1 is one: perror("send") and exit status 1.
     *   Ignore SIGPIPE, so that a receiver that has gone is an error of send and not the end of the program. */

    /* TODO 3. close, and return 0. */

    fprintf(stderr, "emisor: not written yet (it will send %ld bytes to %s port %s)\n", size, host, port);
    return 1;
}
