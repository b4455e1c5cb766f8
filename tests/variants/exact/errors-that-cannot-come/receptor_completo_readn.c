/* Receives connections, one after the other, in pieces of exactly SIZE bytes: a loop of reads. */
#include "sockets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads TAM bytes; less only if the stream ends before. -1 and errno if it fails. */
static ssize_t readn(int s, char *buf, size_t tam)
{
    size_t leido = 0;

    while (leido < tam) {
        ssize_t n = read(s, buf + leido, tam - leido);
        if (n == 0)
            break;
        if (n == -1)
            return -1;
        leido += (size_t)n;
    }
    return (ssize_t)leido;
}

static void recibe(int s_conec, char *buf, size_t tam)
{
    ssize_t leido;
    size_t total = 0;

    while ((leido = readn(s_conec, buf, tam)) > 0) {
        printf("leido %zd\n", leido);
        total += (size_t)leido;
    }
    if (leido == -1)
        perror("read");
    else
        printf("total %zu\n", total);
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT SIZE\n", argv[0]);
        return EXIT_FAILURE;
    }
    size_t tam = number("SIZE", argv[2], 1, SSIZE_MAX); /* pieces of 0 bytes would never end */
    char *buf = malloc(tam);
    if (buf == NULL)
        fail("malloc");
    /* Each line at once, also when stdout is a file or a pipe: this program is ended by a signal. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    int s = listening_socket(argv[1]);

    for (;;) {
        int s_conec = accept(s, NULL, NULL);
        if (s_conec == -1) {
            after_error("accept");
            continue;
        }
        recibe(s_conec, buf, tam);
        close(s_conec);
    }
}
