/* After each accept, before the new child is made, all children that have ended are collected.
 * A few zombies may wait for the next client: that is known and bounded. */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <signal.h>

static bool fill(int fd, uint8_t *to, size_t len)
{
    while (len) {
        struct iovec v = { to, len };
        struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
        ssize_t n = recvmsg(fd, &m, 0);
        if (n == -1 && errno == EINTR) continue;
        if (n <= 0) return false;
        to += n, len -= n;
    }
    return true;
}

static bool drain(int fd, uint8_t *from, size_t len)
{
    while (len) {
        struct iovec v = { from, len };
        struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
        ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR) continue;
        if (n <= 0) return false;
        from += n, len -= n;
    }
    return true;
}

static void work(int fd)
{
    uint32_t wire;
    while (fill(fd, (uint8_t *)&wire, 4)) {
        uint32_t size = ntohl(wire);
        if (size > 64u * 1024 * 1024) {
            warnx("%u bytes are too many", size);
            return;
        }
        uint8_t *p = malloc(size ? size : 1);
        if (!p || !fill(fd, p, size)) return;
        for (uint32_t a = 0, b = size; a + 1 < b; a++) {
            b--;
            uint8_t t = p[a];
            p[a] = p[b];
            p[b] = t;
        }
        if (!drain(fd, p, size)) return;
        free(p);
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2) errx(EXIT_FAILURE, "usage: PORT");
    int lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (lfd == -1) err(EXIT_FAILURE, "socket");
    if (setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int))) err(EXIT_FAILURE, "setsockopt");
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(strtol(argv[1], NULL, 0)) };
    if (bind(lfd, (struct sockaddr *)&addr, sizeof addr)) err(EXIT_FAILURE, "bind %s", argv[1]);
    if (listen(lfd, 20)) err(EXIT_FAILURE, "listen");

    for (;;) {
        int fd = accept(lfd, NULL, NULL);
        int why = errno;
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        if (fd == -1) {
            if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM) usleep(50000);
            continue;
        }
        switch (fork()) {
        case -1:
            warn("fork");
            break;
        case 0:
            work(fd);
            _Exit(0);
        }
        close(fd);
    }
}
