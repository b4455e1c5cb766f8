/* Accepts connections for ever; BACKLOG is the number that listen gets. See README.md. */
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
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT BACKLOG\n", argv[0]);
        return 1;
    }
    int port = parse_number(argv[1], 65535), backlog = parse_number(argv[2], 100000);
    if (port < 1 || backlog < 0) {
        fprintf(stderr, "%s: bad port or backlog: %s %s\n", argv[0], argv[1], argv[2]);
        return 1;
    }

    /* TODO 1. The listening socket. Check every call: on an error perror("NAME OF THE CALL") and exit status 1.
     *   socket      AF_INET, SOCK_STREAM
     *   setsockopt  SO_REUSEADDR, so that the program can be restarted at once
     *   bind        address INADDR_ANY; port and address in network byte order (htons, htonl)
     *   listen      with the backlog of the argument, as it is
     *   You may wait for Enter (getchar) after bind, after listen and after each accept, to try out what clients
     *   see meanwhile. End of file there means: do not wait. */

    /* TODO 2. For ever: accept. What a client does (closes, resets, left before) never ends this program.
     *   accept fails now and then, and the server must go on:
     *   EINTR, ECONNABORTED: try again.  EMFILE, ENFILE, ENOBUFS, ENOMEM: try again, after a pause (poll with a
     *   time limit), so that the loop does not burn the CPU. */

    fprintf(stderr, "acepta: not written yet (it will listen on port %d with backlog %d)\n", port, backlog);
    return 1;
}
