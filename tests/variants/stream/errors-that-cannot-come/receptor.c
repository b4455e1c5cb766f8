/* Receives connections, one after the other. Each read asks for SIZE bytes, and gets what is there. */
#include "sockets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A stream keeps no message limits: a read returns part of a message, or parts of several ones. */
static void recibe(int s_conec, char *buf, size_t tam)
{
    ssize_t leido;
    size_t total = 0;

    while ((leido = read(s_conec, buf, tam)) != 0) { /* 0: the sender has closed */
        if (leido == -1) {
            perror("read");
            return;
        }
        printf("leido %zd\n", leido);
        total += (size_t)leido;
    }
    printf("total %zu\n", total);
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT SIZE\n", argv[0]);
        return EXIT_FAILURE;
    }
    size_t tam = number("SIZE", argv[2], 1, SSIZE_MAX); /* with 0 every read would look like end of file */
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
