/* The buffer grows with what has really come: an announced gigabyte costs nothing by itself. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct { char *at; size_t len, cap; } String;

static bool reserve(String *s, size_t more)
{
    if (s->len + more <= s->cap) return true;
    size_t cap = s->cap ? s->cap : 4096;
    while (cap < s->len + more) cap += cap / 2;
    char *p = realloc(s->at, cap);
    if (!p) return false;
    s->at = p;
    s->cap = cap;
    return true;
}

/* appends exactly n bytes of the stream */
static bool append(String *s, int fd, size_t n)
{
    while (n) {
        size_t step = n < 65536 ? n : 65536;
        if (!reserve(s, step)) return false;
        ssize_t r = read(fd, s->at + s->len, step);
        if (r == -1 && errno == EINTR) continue;
        if (r < 1) return false;
        s->len += (size_t)r;
        n -= (size_t)r;
    }
    return true;
}

static bool flush(String *s, int fd)
{
    char *p = s->at, *end = s->at + s->len;
    while (p < end) {
        ssize_t w = send(fd, p, (size_t)(end - p), MSG_NOSIGNAL);
        if (w == -1 && errno != EINTR) return false;
        if (w > 0) p += w;
    }
    s->len = 0;
    return true;
}

static void turn(String *s)
{
    for (size_t i = 0, j = s->len; i + 1 < j;) {
        char t = s->at[i];
        s->at[i++] = s->at[--j];
        s->at[j] = t;
    }
}

static void serve(int fd)
{
    String s = { 0 };
    for (;;) {
        uint32_t n;
        s.len = 0;
        if (!append(&s, fd, sizeof n)) break;
        memcpy(&n, s.at, sizeof n);
        s.len = 0;
        n = be32toh(n);
        if (n > 100u << 20) break;              /* a limit of its own, above what is asked for */
        if (!append(&s, fd, n)) break;
        turn(&s);
        if (!flush(&s, fd)) break;
        if (s.cap > 1 << 20) {                  /* large ones are not kept */
            free(s.at);
            s = (String){ 0 };
        }
    }
    free(s.at);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s SERVICE\n", argv[0]);
        return 1;
    }
    struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *all;
    int e = getaddrinfo(NULL, argv[1], &hints, &all);
    if (e != 0) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(e));
        return 1;
    }
    int s = -1;
    const char *failed = "getaddrinfo";
    for (struct addrinfo *a = all; a && s == -1; a = a->ai_next) {     /* the first that works */
        if ((s = socket(a->ai_family, a->ai_socktype, a->ai_protocol)) == -1) {
            failed = "socket";
            continue;
        }
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
        if (bind(s, a->ai_addr, a->ai_addrlen) == -1) {
            failed = "bind";
            close(s);
            s = -1;
        }
    }
    freeaddrinfo(all);
    if (s == -1 || listen(s, SOMAXCONN) == -1) {
        perror(s == -1 ? failed : "listen");
        return 1;
    }
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            if (errno != EINTR && errno != ECONNABORTED) usleep(100000);
            continue;
        }
        serve(c);
        close(c);
    }
}
