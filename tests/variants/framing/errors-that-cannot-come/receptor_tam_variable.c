/* Receives two data of variable size, which come after their lengths. One message per connection. */
#include "sockets.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The lengths come from outside: what they ask for is not given unseen. */
#define MAX_DATO (1024 * 1024)

struct cabecera {
    uint32_t long1, long2; /* in network byte order */
};

/* Receives TAM bytes. False, with a message, if the connection ends or fails before. */
static bool recv_waitall(int s, void *buf, size_t tam)
{
    size_t leido = 0;

    /* Nearly always one recv is enough. But a signal, or a stop and continue, cuts it short: then the loop goes on. */
    while (leido < tam) {
        ssize_t n = recv(s, (char *)buf + leido, tam - leido, MSG_WAITALL);
        if (n == 0) {
            fprintf(stderr, "recv: the connection ended before the message\n");
            return false;
        }
        if (n == -1) {
            perror("recv");
            return false;
        }
        leido += (size_t)n;
    }
    return true;
}

static void recibe(int s_conec)
{
    struct cabecera cab;
    if (!recv_waitall(s_conec, &cab, sizeof cab))
        return;
    uint32_t tam1 = ntohl(cab.long1); /* from the network's byte order to this machine's */
    uint32_t tam2 = ntohl(cab.long2);
    if (tam1 > MAX_DATO || tam2 > MAX_DATO) {
        fprintf(stderr, "refused: lengths %u and %u, at most %d\n", tam1, tam2, MAX_DATO);
        return;
    }

    char *dato1 = malloc(tam1 + 1); /* with room for the NUL, which is not sent */
    char *dato2 = malloc(tam2 + 1);
    if (dato1 == NULL || dato2 == NULL) {
        perror("malloc");
    } else if (recv_waitall(s_conec, dato1, tam1) && recv_waitall(s_conec, dato2, tam2)) {
        dato1[tam1] = '\0';
        dato2[tam2] = '\0';
        printf("dato1 %s dato2 %s\n", dato1, dato2);
    }
    free(dato1);
    free(dato2);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Each line at once, also when stdout is a file or a pipe: this program is ended by a signal. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    int s = listening_socket(argv[1]);

    for (;;) {
        int s_conec = accept(s, NULL, NULL);
        if (s_conec == -1) {
            after_error("accept");
            continue;
        }
        recibe(s_conec);
        close(s_conec);
    }
}
