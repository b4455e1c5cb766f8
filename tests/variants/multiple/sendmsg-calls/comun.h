#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int conecta(int argc, char **argv) {
    struct addrinfo *dir, pide = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        exit(1);
    }
    int e = getaddrinfo(argv[1], argv[2], &pide, &dir);
    if (e) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(e));
        exit(1);
    }
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0 || connect(s, dir->ai_addr, dir->ai_addrlen) < 0) {
        perror("connect");
        exit(1);
    }
    return dup(s); /* another number for the same connection */
}

/* Sends these vectors whole; returns how many bytes that were. */
static long envia(int s, struct iovec *iov, int cuantos, int flags) {
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = cuantos};
    long total = 0;
    for (;;) {
        while (m.msg_iovlen && m.msg_iov->iov_len == 0)
            m.msg_iov++, m.msg_iovlen--;
        if (m.msg_iovlen == 0)
            return total;
        ssize_t n = sendmsg(s, &m, flags | MSG_NOSIGNAL);
        if (n < 0) {
            perror("sendmsg");
            exit(1);
        }
        total += n;
        for (size_t i = 0; i < m.msg_iovlen; i++) {
            size_t parte = (size_t)n < m.msg_iov[i].iov_len ? (size_t)n : m.msg_iov[i].iov_len;
            m.msg_iov[i].iov_base = (char *)m.msg_iov[i].iov_base + parte;
            m.msg_iov[i].iov_len -= parte;
            n -= parte;
        }
    }
}
