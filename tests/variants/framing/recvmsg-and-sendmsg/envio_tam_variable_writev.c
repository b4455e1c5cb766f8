/* sendmsg with four vectors, one for each length and each datum. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        return 1;
    }
    struct addrinfo *dir, pide = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    int e = getaddrinfo(argv[1], argv[2], &pide, &dir);
    if (e != 0) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(e));
        return 1;
    }
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, dir->ai_addr, dir->ai_addrlen) < 0) {
        perror("connect");
        return 1;
    }
    uint32_t tam[2] = {htonl(strlen(argv[3])), htonl(strlen(argv[4]))};
    struct iovec iov[4] = {{tam, 4}, {tam + 1, 4}, {argv[3], strlen(argv[3])}, {argv[4], strlen(argv[4])}};
    size_t queda = 8 + iov[2].iov_len + iov[3].iov_len;
    while (queda > 0) {
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = 4};
        ssize_t n = sendmsg(s, &m, MSG_NOSIGNAL);
        if (n < 0) {
            perror("sendmsg");
            return 1;
        }
        queda -= n;
        for (int i = 0; i < 4; i++) {
            size_t parte = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;
            iov[i].iov_base = (char *)iov[i].iov_base + parte;
            iov[i].iov_len -= parte;
            n -= parte;
        }
    }
    puts("enviado");
    return 0;
}
