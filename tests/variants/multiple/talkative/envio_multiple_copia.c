/* One field after the other in a plain array, and send with MSG_NOSIGNAL. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    char mensaje[2][16] = {{0}};
    struct addrinfo *dir;
    if (argc != 5)
        return fprintf(stderr, "Uso: %s host puerto dato1 dato2\n", argv[0]), 1;
    int e = getaddrinfo(argv[1], argv[2], &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &dir), s = -1;
    if (e)
        return fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(e)), 1;
    for (; dir; dir = dir->ai_next) {
        s = socket(dir->ai_family, dir->ai_socktype, dir->ai_protocol);
        if (s >= 0 && connect(s, dir->ai_addr, dir->ai_addrlen) == 0)
            break;
        perror("connect");
        close(s);
    }
    if (!dir)
        return 1;
    for (int i = 0; i < 2; i++) { /* connected already: nothing is sent of what is too long */
        if (strnlen(argv[3 + i], 16) == 16)
            return fprintf(stderr, "dato%d no cabe\n", i + 1), 1;
        strncpy(mensaje[i], argv[3 + i], sizeof mensaje[i]);
    }
    ssize_t n = send(s, mensaje, sizeof mensaje, MSG_NOSIGNAL);
    if (n < 0)
        return perror("send"), 1;
    printf("copiado y escrito=%zd\n", n);
    shutdown(s, SHUT_WR);
    close(s);
    return 0;
}
