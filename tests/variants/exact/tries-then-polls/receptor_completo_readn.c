/* Its connections do not block: it tries first, and polls when there is nothing yet. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t readn(int s, char *buf, size_t n)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = recv(s, buf + have, n - have, MSG_DONTWAIT);
        if (got > 0) {
            have += (size_t)got;
        } else if (got == 0) {
            break;
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = s, .events = POLLIN};
            poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return (ssize_t)have;
}

int main(int argc, char **argv)
{
    char *rest;
    long port = argc == 3 ? strtol(argv[1], &rest, 10) : -1;
    if (port < 1 || port > 65535 || *rest != '\0') {
        fprintf(stderr, "usage: receptor_completo_readn PORT SIZE\n");
        return 2;
    }
    long size = strtol(argv[2], &rest, 10);
    if (size < 1 || *rest != '\0') {
        fprintf(stderr, "SIZE?\n");
        return 2;
    }
    char *buf = malloc((size_t)size);
    int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (buf == NULL || bind(s, (struct sockaddr *)&a, sizeof a) == -1 || listen(s, 16) == -1) {
        perror("receptor_completo_readn");
        return 1;
    }
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                poll(NULL, 0, 100);
            continue;
        }
        long total = 0;
        ssize_t n;
        while ((n = readn(c, buf, (size_t)size)) > 0) {
            printf("leido %zd\n", n);
            fflush(stdout);
            total += n;
        }
        if (n == 0)
            printf("total %ld\n", total);
        fflush(stdout);
        close(c);
    }
}
