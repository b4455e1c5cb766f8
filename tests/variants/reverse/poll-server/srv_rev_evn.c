#define _GNU_SOURCE
/*
 * Event server around poll(2). Connections live in a table that is parallel to the
 * pollfd array and grows by doubling; closed places are filled with the last entry.
 * One descriptor is kept in reserve: with it a client can be turned away when the
 * process has no descriptor left, instead of leaving it in the accept queue.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT (64u << 20)

typedef struct {
    unsigned char head[4];
    unsigned nhead;
    unsigned char *buf;
    uint32_t len, got, out;
} conn_t;

static struct pollfd *pfds;
static conn_t *conns;
static size_t used, room;
static int spare = -1;

static int grow(void)
{
    size_t want = room ? room * 2 : 16;
    struct pollfd *p = realloc(pfds, want * sizeof *p);
    if (!p) return -1;
    pfds = p;
    conn_t *c = realloc(conns, want * sizeof *c);
    if (!c) return -1;
    conns = c;
    room = want;
    return 0;
}

static void drop(size_t i)
{
    close(pfds[i].fd);
    free(conns[i].buf);
    used--;
    pfds[i] = pfds[used];
    conns[i] = conns[used];
}

static void newcomer(int lsock)
{
    int s = accept4(lsock, NULL, NULL, SOCK_NONBLOCK);
    if (s < 0) {
        if ((errno == EMFILE || errno == ENFILE) && spare >= 0) {
            close(spare);
            s = accept(lsock, NULL, NULL);
            if (s >= 0) close(s);
            spare = open("/dev/null", O_RDONLY);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            poll(NULL, 0, 50);
            if (spare < 0) spare = open("/dev/null", O_RDONLY);
        }
        return;
    }
    if (used == room && grow() < 0) { close(s); return; }
    pfds[used].fd = s;
    pfds[used].events = POLLIN;
    pfds[used].revents = 0;
    memset(&conns[used], 0, sizeof conns[used]);
    used++;
}

/* 1 go on, 0 the connection is finished */
static int readable(size_t i)
{
    conn_t *c = &conns[i];
    ssize_t n;
    if (c->nhead < 4) {
        n = read(pfds[i].fd, c->head + c->nhead, 4 - c->nhead);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        if (n == 0) return 0;
        c->nhead += n;
        if (c->nhead < 4) return 1;
        c->len = (uint32_t)c->head[0] << 24 | c->head[1] << 16 | c->head[2] << 8 | c->head[3];
        c->got = c->out = 0;
        if (c->len == 0) { c->nhead = 0; return 1; }
        if (c->len > LIMIT || !(c->buf = malloc(c->len))) return 0;
        return 1;
    }
    /* stored from the end: nothing has to be turned round afterwards, but read(2) fills
     * forward, so a small window is used */
    unsigned char window[16384];
    uint32_t want = c->len - c->got;
    if (want > sizeof window) want = sizeof window;
    n = read(pfds[i].fd, window, want);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return 0;
    for (ssize_t k = 0; k < n; k++) c->buf[c->len - 1 - c->got++] = window[k];
    if (c->got == c->len) pfds[i].events = POLLOUT;
    return 1;
}

static int writable(size_t i)
{
    conn_t *c = &conns[i];
    ssize_t n = write(pfds[i].fd, c->buf + c->out, c->len - c->out);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    c->out += n;
    if (c->out == c->len) {
        free(c->buf);
        memset(c, 0, sizeof *c);
        pfds[i].events = POLLIN;
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) { fprintf(stderr, "uso: %s puerto\n", argv[0]); return 2; }
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])),
                             .sin_addr.s_addr = INADDR_ANY };
    struct sigaction ign = { .sa_handler = SIG_IGN };
    int one = 1, l;
    l = socket(PF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (l < 0 || setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) { perror("socket"); return 1; }
    if (bind(l, (void *)&a, sizeof a) < 0) { perror("bind"); return 1; }
    if (listen(l, 128) < 0) { perror("listen"); return 1; }
    sigaction(SIGPIPE, &ign, NULL);
    spare = open("/dev/null", O_RDONLY);
    if (grow() < 0) { perror("realloc"); return 1; }
    pfds[0].fd = l;
    pfds[0].events = POLLIN;
    used = 1;

    while (1) {
        int n = poll(pfds, used, -1);
        if (n < 0) {
            if (errno == EINTR || errno == ENOMEM) continue;
            perror("poll");
            return 1;
        }
        for (size_t i = used; i-- > 1;) {       /* backwards: drop() moves the last one */
            if (!pfds[i].revents) continue;
            int ok = pfds[i].events == POLLOUT ? writable(i) : readable(i);
            if (!ok) drop(i);
        }
        if (pfds[0].revents) newcomer(l);
    }
}
