/* Header with MSG_MORE, then the data in pieces straight from the file; the reply is printed as it comes.
 * After the last request the sending side is shut down. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <arpa/inet.h>

static int dial(const char *host, const char *port)
{
    struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *list, *a;
    int code = getaddrinfo(host, port, &want, &list), fd = -1;
    if (code) errx(1, "getaddrinfo %s: %s", host, gai_strerror(code));
    for (a = list; a; a = a->ai_next) {
        if ((fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol)) < 0) continue;
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) break;
        int keep = errno;
        close(fd);
        errno = keep;
        fd = -1;
    }
    if (fd < 0) err(1, "connect to %s port %s", host, port);
    freeaddrinfo(list);
    return fd;
}

static void push(int s, const char *p, size_t n, int flags)
{
    while (n) {
        ssize_t k = TEMP_FAILURE_RETRY(send(s, p, n, flags | MSG_NOSIGNAL));
        if (k < 0) err(1, "send");
        p += k;
        n -= k;
    }
}

static void say(const char *p, size_t n)
{
    while (n) {
        ssize_t k = TEMP_FAILURE_RETRY(write(1, p, n));
        if (k < 0) err(1, "write");
        p += k;
        n -= k;
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) errx(2, "usage: cln_rev HOST PORT FILE...");
    int count = argc - 3, *files = malloc(sizeof(int) * count), bad = 0;
    for (int i = 0; i < count; i++)             /* all opened before a connection is made */
        if ((files[i] = open(argv[3 + i], O_RDONLY)) < 0) {
            warn("%s", argv[3 + i]);
            bad = 1;
        }
    if (bad) return 1;
    int s = dial(argv[1], argv[2]);
    static char piece[65536];
    for (int i = 0; i < count; i++) {
        struct stat st;
        if (fstat(files[i], &st) < 0 || !S_ISREG(st.st_mode)) errx(1, "%s: not a regular file", argv[3 + i]);
        if (st.st_size > UINT32_MAX) errx(1, "%s: too long", argv[3 + i]);
        uint32_t left = (uint32_t)st.st_size, net = htonl(left);
        push(s, (char *)&net, 4, left ? MSG_MORE : 0);
        while (left) {
            ssize_t k = TEMP_FAILURE_RETRY(read(files[i], piece, left < sizeof piece ? left : sizeof piece));
            if (k < 0) err(1, "%s", argv[3 + i]);
            if (k == 0) errx(1, "%s: became shorter", argv[3 + i]);
            left -= k;
            push(s, piece, k, left ? MSG_MORE : 0);
        }
        close(files[i]);
        if (i == count - 1 && shutdown(s, SHUT_WR) < 0 && errno != ENOTCONN) err(1, "shutdown");
        for (left = (uint32_t)st.st_size; left;) {
            ssize_t k = TEMP_FAILURE_RETRY(recv(s, piece, left < sizeof piece ? left : sizeof piece, 0));
            if (k < 0) err(1, "recv");
            if (k == 0) errx(1, "recv: end of file, %u bytes are missing", left);
            left -= k;
            say(piece, k);
        }
    }
    return 0;
}
