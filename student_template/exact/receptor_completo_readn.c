/* Receives pieces of exactly SIZE bytes: a loop of reads. See README.md. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The number in an argument, or -1 if it is none, below 1 or above MAX. */
static long parse_number(const char *text, long max)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 1 || value > max)
        return -1;
    return value;
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT SIZE\n", argv[0]);
        return 1;
    }
    long port = parse_number(argv[1], 65535), size = parse_number(argv[2], LONG_MAX);
    if (port < 0 || size < 0) {
        fprintf(stderr, "%s: bad port or size: %s %s\n", argv[0], argv[1], argv[2]);
        return 1;
    }

    /* TODO 1. A buffer of SIZE bytes (malloc: 50,000,000 do not fit on the stack), and the listening socket. Check
     *   every call: on an error perror("NAME OF THE CALL") and exit status 1.
     *   socket      AF_INET, SOCK_STREAM
     *   setsockopt  SO_REUSEADDR, so that the program can be restarted at once
     *   bind        address INADDR_ANY; port and address in network byte order (htons, htonl)
     *   listen      a generous backlog (SOMAXCONN)
     *   You may wait for Enter (getchar) after listen and after each accept; end of file there means: do not wait. */

    /* TODO 2. For ever: accept a connection, receive it (TODO 3), close it. No sender ends this program.
     *   accept fails now and then, and the program must go on:
     *   EINTR, ECONNABORTED: try again.  EMFILE, ENFILE, ENOBUFS, ENOMEM: try again, after a pause (poll with a
     *   time limit), so that the loop does not burn the CPU. */

    /* TODO 3. Write readn(s, buf, size): it calls read, behind what has come, for what is still missing, until the piece
     *   is complete or the stream ends, and returns how much it has. Then receive one connection with it:
     *   above 0: print "leido N".
     *   0: end of the stream. Print "total N", the sum for this connection.
     *   -1: EINTR is tried again; after any other error (a reset) this connection has ended, and only this one. */

    fprintf(stderr, "receptor_completo_readn: not written yet (it will listen on port %ld, SIZE %ld)\n", port, size);
    return 1;
}
