#include "io.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc < 4) return fprintf(stderr, "Uso: %s host puerto fichero...\n", argv[0]), 1;
    struct addrinfo pista = { .ai_socktype = SOCK_STREAM }, *r;
    int e = getaddrinfo(argv[1], argv[2], &pista, &r);
    if (e) return fprintf(stderr, "%s: %s\n", argv[1], gai_strerror(e)), 1;
    int s = -1;
    for (; r; r = r->ai_next) {
        s = socket(r->ai_family, r->ai_socktype, r->ai_protocol);
        if (s != -1 && connect(s, r->ai_addr, r->ai_addrlen) == 0) break;
        perror("connect");
        close(s);
        s = -1;
    }
    if (s == -1) return 1;
    for (int i = 3; i < argc; i++) {
        int f = open(argv[i], O_RDONLY);
        off_t n = f == -1 ? -1 : lseek(f, 0, SEEK_END);
        if (n == -1) return perror(argv[i]), 1;
        char *m = malloc(4 + n);
        uint32_t red = htonl(n);
        if (!m) return perror("malloc"), 1;
        *(uint32_t *)m = red;
        lseek(f, 0, SEEK_SET);
        if (read_all(f, m + 4, n) != n) return perror(argv[i]), 1;
        close(f);
        if (write_all(s, m, 4 + n) == -1) return perror("send"), 1;
        if (read_all(s, m, n) != n) return fprintf(stderr, "recv: respuesta incompleta\n"), 1;
        for (off_t k = 0; k < n;) {
            ssize_t w = write(1, m + k, n - k);
            if (w == -1) return perror("write"), 1;
            k += w;
        }
        free(m);
    }
    return 0;
}
