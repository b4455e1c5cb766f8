/* Reverse service, event-driven: one thread, non-blocking sockets, epoll (or poll, or select). See README.md. */
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

    /* TODO 2. The loop: make the listening socket non-blocking (fcntl F_GETFL, F_SETFL with O_NONBLOCK added),
     *   watch it (epoll_create1, epoll_ctl), wait (epoll_wait; EINTR is no error) and handle every event.
     *   Never call anything that can wait, except epoll_wait. */

    /* TODO 3. The listening socket is readable: accept, make the connection non-blocking, watch it for reading.
     *   EAGAIN is no error. accept fails now and then, and the server must go on:
     *   EINTR, ECONNABORTED: try again.  EMFILE, ENFILE, ENOBUFS, ENOMEM: try again, but not in a loop that
     *   burns the CPU.
     *   (Stop watching the listening socket for a moment: it stays readable, so epoll_wait returns at once.) */

    /* TODO 4. The state of one client, allocated when it comes and freed when it goes: what a blocking server
     *   keeps in its local variables. Bytes of the header received so far; the length; the data, and how much
     *   of it was received; how much of the reply was sent. */

    /* TODO 5. A connection is readable: ONE recv, as much as the request still needs, added to the state.
     *   0: the client is done, close.  EAGAIN: nothing, go on.  Another error: close.
     *   Header complete: ntohl into an unsigned type; 0 is right (empty reply); over 64 MiB or no memory: close.
     *   Data complete: reverse them, and watch the connection for writing instead of reading. */

    /* TODO 6. A connection is writable: ONE send of what is left of the reply. It may take only a part.
     *   All sent: free the memory, begin a new request, and watch for reading instead of writing
     *   (a socket is nearly always writable: watched without need it makes the loop spin). */

    fprintf(stderr, "srv_rev_evn: not written yet (it will listen on port %d)\n", port);
    return 1;
}
