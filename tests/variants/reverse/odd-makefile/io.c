#include "io.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

long read_all(int fd, void *to, size_t n)
{
    size_t k = 0;
    while (k < n) {
        ssize_t r = read(fd, (char *)to + k, n - k);
        if (r == 0) break;
        if (r == -1 && errno != EINTR) return -1;
        if (r > 0) k += (size_t)r;
    }
    return (long)k;
}

long write_all(int fd, const void *from, size_t n)
{
    size_t k = 0;
    while (k < n) {
        ssize_t w = send(fd, (const char *)from + k, n - k, MSG_NOSIGNAL);
        if (w == -1 && errno != EINTR) return -1;
        if (w > 0) k += (size_t)w;
    }
    return (long)k;
}

void invert(char *p, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        char c = p[i];
        p[i] = p[n - 1 - i];
        p[n - 1 - i] = c;
    }
}

int open_server(const char *port)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    if (s == -1 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1
        || bind(s, (struct sockaddr *)&a, sizeof a) == -1 || listen(s, 64) == -1) {
        perror("open_server");
        exit(1);
    }
    return s;
}

void talk_to(int fd)
{
    uint32_t n;
    while (read_all(fd, &n, 4) == 4 && (n = ntohl(n)) <= 64u << 20) {
        char *p = malloc(n + 1);
        if (p == NULL) return;
        int ok = read_all(fd, p, n) == (long)n;
        if (ok) {
            invert(p, n);
            ok = write_all(fd, p, n) == (long)n;
        }
        free(p);
        if (!ok) return;
    }
}

int pause_or_go_on(void)
{
    return errno == EINTR || errno == ECONNABORTED ? 0 : poll(NULL, 0, 100);
}
