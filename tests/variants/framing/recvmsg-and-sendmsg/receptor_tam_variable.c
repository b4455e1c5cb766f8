/* Reads the lengths byte by byte, and both data with one recvmsg after the other into memory that grows and stays. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char *memoria;
static size_t cabe;

static void sirve(int c) {
    unsigned long tam[2] = {0, 0};
    for (int i = 0; i < 8; i++) {
        unsigned char b;
        ssize_t n;
        while ((n = read(c, &b, 1)) < 0 && errno == EINTR)
            ;
        if (n <= 0)
            return;
        tam[i / 4] = tam[i / 4] << 8 | b;
    }
    if (tam[0] > 1 << 20 || tam[1] > 1 << 20)
        return;
    if (tam[0] + tam[1] + 2 > cabe) {
        char *mas = realloc(memoria, tam[0] + tam[1] + 2);
        if (mas == NULL)
            return;
        memoria = mas;
        cabe = tam[0] + tam[1] + 2;
    }
    struct iovec iov[2] = {{memoria, tam[0]}, {memoria + tam[0] + 1, tam[1]}};
    while (iov[0].iov_len || iov[1].iov_len) {
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
        ssize_t n = recvmsg(c, &m, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        for (int i = 0; i < 2; i++) {
            size_t parte = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;
            iov[i].iov_base = (char *)iov[i].iov_base + parte;
            iov[i].iov_len -= parte;
            n -= parte;
        }
    }
    memoria[tam[0]] = memoria[tam[0] + 1 + tam[1]] = '\0';
    printf("DATO1 <%s> DATO2 <%s>\n", memoria, memoria + tam[0] + 1);
}

int main(int argc, char *argv[]) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 1;
    }
    int s = socket(AF_INET6, SOCK_STREAM, 0), si = 1;
    int s4 = s < 0;
    if (s4)
        s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &si, sizeof si);
    struct sockaddr_in6 seis = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[1]))};
    struct sockaddr_in cuatro = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    if (bind(s, s4 ? (void *)&cuatro : (void *)&seis, s4 ? sizeof cuatro : sizeof seis) < 0 || listen(s, 10) < 0) {
        perror("bind");
        return 1;
    }
    for (;;) {
        int c = accept4(s, NULL, NULL, SOCK_CLOEXEC);
        if (c >= 0) {
            sirve(c);
            shutdown(c, SHUT_RDWR);
            close(c);
        }
    }
}
