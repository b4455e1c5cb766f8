/* Receives connections, one after the other, in pieces of exactly SIZE bytes: the C library's fread. */
#include "sockets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads TAM bytes; less only if the stream ends before, or fails (ferror). fread calls read as often as it needs;
 * only an interrupted read makes it give up before. */
static size_t fread_all(char *buf, size_t tam, FILE *soc_desc)
{
    size_t leido = fread(buf, 1, tam, soc_desc);

    while (leido < tam && ferror(soc_desc) && errno == EINTR) {
        clearerr(soc_desc);
        leido += fread(buf + leido, 1, tam - leido, soc_desc);
    }
    return leido;
}

static void recibe(FILE *soc_desc, char *buf, size_t tam)
{
    size_t leido;
    size_t total = 0;

    while ((leido = fread_all(buf, tam, soc_desc)) > 0 && !ferror(soc_desc)) {
        printf("leido %zu\n", leido);
        total += leido;
    }
    if (ferror(soc_desc)) /* a short count says that it ended, not why */
        perror("fread");
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
        FILE *soc_desc = fdopen(s_conec, "r");
        if (soc_desc == NULL) {
            perror("fdopen");
            close(s_conec);
            continue;
        }
        recibe(soc_desc, buf, tam);
        fclose(soc_desc); /* closes s_conec too */
    }
}
