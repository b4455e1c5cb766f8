/* Copies two data into one structure and sends that. See README.md. */
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

    /* TODO 2. A structure of two fields of 16 bytes each. Before you copy: a datum longer than 15 bytes is refused
     *   (message, status 1), since its zero would not fit. The bytes that the data do not fill must be zero. */

    /* TODO 3. ONE write or send of the whole structure (sizeof). Print "escrito N", N being what it returned. */

    /* TODO 4. close, and return 0. */

    fprintf(stderr, "envio_multiple_copia: not written yet (it will send '%s' and '%s' to %s port %s)\n", dato1, dato2, host, port);
    return 1;
}
