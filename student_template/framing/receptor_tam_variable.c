/* Receives two data of variable size, which come after their lengths, and prints them. See README.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The port in an argument, or -1 if it is none. */
static int parse_port(const char *text)
{
    char *end;
    errno = 0;
    long port = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || port < 1 || port > 65535)
        return -1;
    return (int)port;
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 1;
    }
    int port = parse_port(argv[1]);
    if (port < 0) {
        fprintf(stderr, "%s: bad port: %s\n", argv[0], argv[1]);
        return 1;
    }

    /* TODO 1. The listening socket. Check every call: on an error perror("NAME OF THE CALL") and exit status 1.
     *   socket      AF_INET, SOCK_STREAM
     *   setsockopt  SO_REUSEADDR, so that the receiver can be restarted at once
     *   bind        address INADDR_ANY; port and address in network byte order (htons, htonl)
     *   listen */

    /* TODO 2. For ever: accept a connection, receive its message (TODO 3), close it. When accept fails (EINTR,
     *   ECONNABORTED) go on with the next one. */

    /* TODO 3. In a function of its own:
     *   a. Receive the 8 bytes of the two lengths. recv may return fewer, even with MSG_WAITALL: loop until you have all.
     *      0 (end of file) or -1 (except EINTR): print nothing, close this connection, go on with the next.
     *   b. ntohl each, into an unsigned type. Over 1 MiB you may refuse: close this connection.
     *   c. malloc each length + 1; look whether it is NULL. Receive both data whole (loop). Add the zeros.
     *   d. printf("dato1 %s dato2 %s\\n", ...), and free both, on every way out. */

    fprintf(stderr, "receptor_tam_variable: not written yet (it will listen on port %d)\n", port);
    return 1;
}
