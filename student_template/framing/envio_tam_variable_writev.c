/* Sends two data of variable size, and before them their lengths. See README.md. */
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

    /* TODO 2. A structure with the two lengths (strlen): 32 bits each, unsigned (uint32_t), in network byte order (htonl). */

    /* TODO 3. Three struct iovec (the structure, DATA1, DATA2) and ONE writev. The zeros that end the strings are not sent.
     *   It may take only a part: advance the vectors over what was sent, and go on until nothing is left. */

    /* TODO 4. close, and return 0. */

    fprintf(stderr, "envio_tam_variable_writev: not written yet (it will send '%s' and '%s' to %s port %s)\n", dato1, dato2, host, port);
    return 1;
}
