/* One buffer for the whole life of the server: realloc makes it larger when a request needs it. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned char *buffer;
static size_t size;

static int readn(int fd, unsigned char *p, size_t n)
{
    size_t t;
    ssize_t r;
    for (t = 0; t < n; t += r) {
        while ((r = read(fd, p + t, n - t)) == -1 && errno == EINTR)
            ;
        if (r <= 0)
            return -1;
    }
    return 0;
}

static int writen(int fd, unsigned char *p, size_t n)
{
    size_t t;
    ssize_t w;
    for (t = 0; t < n; t += w) {
        while ((w = write(fd, p + t, n - t)) == -1 && errno == EINTR)
            ;
        if (w == -1)
            return -1;
    }
    return 0;
}

static void attend(int fd)
{
    for (;;) {
        uint32_t n;
        if (readn(fd, (unsigned char *)&n, 4) == -1)
            return;
        n = ntohl(n);
        if (n > 1 << 26)
            return;
        if (n > size) {
            unsigned char *p = realloc(buffer, n);
            if (p == NULL) {
                perror("realloc");
                return;
            }
            buffer = p;
            size = n;
        }
        if (readn(fd, buffer, n) == -1)
            return;
        for (size_t i = 0; i < n / 2; i++) {
            unsigned char c = buffer[i];
            buffer[i] = buffer[n - 1 - i];
            buffer[n - 1 - i] = c;
        }
        if (writen(fd, buffer, n) == -1)
            return;
    }
}

int main(int argc, char *argv[])
{
    int s, fd, option = 1;
    struct sockaddr_in addr;

    if (argc != 2) {
        fprintf(stderr, "Usage: %s <port>\n", argv[0]);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = INADDR_ANY;
    addr.sin_port = htons((unsigned short)atoi(argv[1]));
    if ((s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) < 0) {
        perror("socket");
        return 1;
    }
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &option, sizeof option);
    if (bind(s, (struct sockaddr *)&addr, sizeof addr) < 0) {
        perror("bind");
        close(s);
        return 1;
    }
    if (listen(s, 5) < 0) {
        perror("listen");
        close(s);
        return 1;
    }
    for (;;) {
        unsigned int addr_size = sizeof addr;
        if ((fd = accept(s, (struct sockaddr *)&addr, &addr_size)) < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            perror("accept");
            struct timeval tv = { 0, 200000 };
            select(0, NULL, NULL, NULL, &tv);
            continue;
        }
        attend(fd);
        close(fd);
    }
}
