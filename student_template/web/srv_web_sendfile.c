/* Static web server: the kernel sends the file by itself. See README.md. */
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

    /* TODO 2. For ever: accept a client, receive its request (TODO 3), reply (TODO 4 and 5), close its connection.
     *   accept fails now and then, and the server must go on: EINTR, ECONNABORTED: try again.
     *   EMFILE, ENFILE, ENOBUFS, ENOMEM: try again, but not in a loop that burns the CPU. */

    /* TODO 3. The request, in a function of its own:
     *   a. recv into a buffer, again and again, until it holds the empty line ("\r\n\r\n"). 0: the client has gone.
     *      -1: EINTR is tried again; after any other error close this connection. Full without an empty line: 414.
     *   b. The first line is METHOD PATH VERSION. Is it not: 400. A method other than GET: 501.
     *   c. The path: refuse a component "..", and open it below the current directory, never from /. */

    /* TODO 4. open and fstat. Not there: a whole 404 reply. No regular file (S_ISREG): 403.
     *   The header: "HTTP/1.1 200 OK\r\nContent-Length: %jd\r\n\r\n", with (intmax_t)st.st_size. */

    /* TODO 5. Send the header with the flag MSG_MORE, then the file with sendfile, in a loop until st_size bytes have gone: one
     *   call may move only a part. It gives 0: the file became shorter; stop. Then close the file and the connection. */

    fprintf(stderr, "srv_web_sendfile: not written yet (it will listen on port %d)\n", port);
    return 1;
}
