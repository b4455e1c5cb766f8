/* Through a stream without a buffer: each fwrite is one write. */
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char *argv[]) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
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
    signal(SIGPIPE, SIG_IGN);
    FILE *f = fdopen(s, "w");
    setvbuf(f, NULL, _IONBF, 0);
    for (int i = 3; i <= 4; i++) {
        size_t n = fwrite(argv[i], 1, strlen(argv[i]), f);
        if (n < strlen(argv[i])) {
            perror("fwrite");
            exit(1);
        }
        printf("escrito %zu\n", n);
    }
    return fclose(f) == 0 ? 0 : 1;
}
