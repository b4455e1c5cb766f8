/* Makes one connection and closes it. See README.md. */
#include <stdio.h>

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return 1;
    }
    const char *host = argv[1], *port = argv[2];

    /* TODO. Any error: a message that names what failed (perror; gai_strerror for getaddrinfo), and exit status 1.
     *   getaddrinfo  HOST and PORT as text, AF_INET, SOCK_STREAM
     *   socket
     *   connect      once; it waits by itself while the server's queue is full
     *   close        and return 0. Nothing is sent, and nothing is waited for. */

    fprintf(stderr, "conecta: not written yet (it will connect to %s port %s)\n", host, port);
    return 1;
}
