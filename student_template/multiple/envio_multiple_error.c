/* The mistake on purpose: sends the two pointers, not what they point to. See README.md. */
#include <stdio.h>

int main(int argc, char *argv[])
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        return 1;
    }
    const char *host = argv[1], *port = argv[2], *dato1 = argv[3], *dato2 = argv[4];

    /* TODO 1. Connect. Any error from here on: a message that names what failed (perror; gai_strerror for
     *   getaddrinfo), and exit status 1.
     *   getaddrinfo  HOST and PORT as text, AF_INET, SOCK_STREAM
     *   socket, connect
     *   signal       SIGPIPE ignored: a receiver that has gone must be an error that you report */

    /* TODO 2. A structure of two pointers (char *) to the data. Send the structure (sizeof) with one write: what
     *   arrives is of no use to anybody. Print "escrito N", N being what write returned. */

    /* TODO 3. close, and return 0. */

    fprintf(stderr, "envio_multiple_error: not written yet (it will send '%s' and '%s' to %s port %s)\n", dato1, dato2, host, port);
    return 1;
}
