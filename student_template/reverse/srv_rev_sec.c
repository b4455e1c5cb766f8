/* Reverse service, sequential: one client after the other. See README.md. */
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
     *   setsockopt  SO_REUSEADDR, so that the server can be restarted at once
     *   bind        address INADDR_ANY; port and address in network byte order (htons, htonl)
     *   listen      a generous backlog (SOMAXCONN)
     *   signal      SIGPIPE ignored: sending to a client that left must be an error, not the end of the server */

    /* TODO 2. For ever: accept a client, serve it (TODO 3), close its connection.
     *   accept fails now and then, and the server must go on:
     *   EINTR, ECONNABORTED: try again.  EMFILE, ENFILE, ENOBUFS, ENOMEM: try again, but not in a loop that
     *   burns the CPU. */

    /* TODO 3. Serve one client, in a function of its own, as long as it has requests:
     *   a. Receive the 4 bytes of the header. recv may return fewer: loop until you have all, or 0 (end of file).
     *      0 before the first byte: the client is done. 0 later: the request was cut off, there is no reply.
     *      -1: EINTR is tried again; after any other error close this connection, and only this one.
     *   b. Convert the length with ntohl into an unsigned type. 0 is right (empty reply, go on); over 64 MiB:
     *      close this connection. malloc can fail: then close this connection.
     *   c. Receive that many bytes (loop), reverse them, send them all (send may take only a part: loop).
     *   d. Free the memory and go on with a. */

    fprintf(stderr, "srv_rev_sec: not written yet (it will listen on port %d)\n", port);
    return 1;
}
