/* The copy is the stream's buffer: one write leaves at fclose. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char *argv[]) {
    if (argc != 5 || strlen(argv[3]) > 15 || strlen(argv[4]) > 15) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2 (of up to 15 bytes)\n", argv[0]);
        exit(1);
    }
    struct addrinfo *dir, pide = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo(argv[1], argv[2], &pide, &dir) != 0) {
        fprintf(stderr, "getaddrinfo failed\n");
        exit(1);
    }
    int s = socket(dir->ai_family, dir->ai_socktype, dir->ai_protocol);
    if (connect(s, dir->ai_addr, dir->ai_addrlen) != 0) {
        perror("connect");
        exit(1);
    }
    struct mensaje {
        char dato1[16], dato2[16];
    } *m = calloc(1, sizeof *m);
    strcat(m->dato1, argv[3]);
    strcat(m->dato2, argv[4]);
    FILE *f = fdopen(s, "w");
    size_t n = fwrite(m->dato1, 1, 16, f);
    n += fwrite(m->dato2, 1, 16, f);
    if (fclose(f) != 0) {
        perror("fclose");
        exit(1);
    }
    printf("escrito\t%zu\n", n);
    return 0;
}
