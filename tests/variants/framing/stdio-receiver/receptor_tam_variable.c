/* Buffered input, any number of messages on a connection, and its own words around the data. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int lee(FILE *f, void *p, size_t n) {
    size_t hecho = 0;
    while (hecho < n) {
        hecho += fread((char *)p + hecho, 1, n - hecho, f);
        if (hecho < n && ferror(f) && errno == EINTR)
            clearerr(f);
        else if (hecho < n)
            return 0;
    }
    return 1;
}

static char *lee_dato(FILE *f, uint32_t n) {
    char *p = n <= 4 << 20 ? calloc(1, (size_t)n + 1) : NULL;
    if (p && !lee(f, p, n)) {
        free(p);
        p = NULL;
    }
    return p;
}

int main(int argc, char *argv[]) {
    if (argc != 2) {
        fprintf(stderr, "Uso: %s puerto\n", argv[0]);
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
    int s = socket(AF_INET, SOCK_STREAM, 0), si = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &si, sizeof si);
    struct sockaddr_in dir = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    if (bind(s, (struct sockaddr *)&dir, sizeof dir) < 0 || listen(s, 5) < 0) {
        perror("bind o listen");
        exit(1);
    }
    printf("Escucho en el puerto %s\n", argv[1]);
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c < 0)
            continue;
        printf("Nueva conexión\n");
        FILE *f = fdopen(c, "r");
        if (f == NULL) {
            close(c);
            continue;
        }
        uint32_t l[2];
        while (lee(f, l, sizeof l)) {
            char *a = lee_dato(f, ntohl(l[0])), *b = a ? lee_dato(f, ntohl(l[1])) : NULL;
            if (b)
                printf("Dato1: \"%s\" (%u bytes), Dato2: \"%s\" (%u bytes).\n", a, ntohl(l[0]), b, ntohl(l[1]));
            int sigue = b != NULL;
            free(a);
            free(b);
            if (!sigue)
                break;
        }
        fclose(f);
    }
}
