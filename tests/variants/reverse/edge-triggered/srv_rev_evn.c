/* Edge-triggered epoll. Every descriptor is registered once, for input and output, and never
 * modified. Since an edge is told only once, a connection stays on a "ready" list until a call
 * said EAGAIN; the list is served round robin, a slice each, so nobody monopolises the thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLICE = 32 << 10, MAX_LEN = 64 << 20 };

struct peer {
    TAILQ_ENTRY(peer) link;
    bool queued;
    bool replying;
    int fd;
    uint8_t head[4];
    int head_len;
    uint8_t *data;
    uint32_t size, at;
};

static TAILQ_HEAD(ready_list, peer) ready = TAILQ_HEAD_INITIALIZER(ready);
static bool accept_ready;

static void enqueue(struct peer *p)
{
    if (!p->queued) {
        p->queued = true;
        TAILQ_INSERT_TAIL(&ready, p, link);
    }
}

enum outcome { MORE, WAIT, OVER };

static enum outcome failed(void)
{
    if (errno == EINTR) return MORE;
    return errno == EAGAIN ? WAIT : OVER;
}

static enum outcome step(struct peer *p)
{
    ssize_t n;
    if (p->replying) {
        uint32_t left = p->size - p->at;
        n = send(p->fd, p->data + p->at, left < SLICE ? left : SLICE, MSG_NOSIGNAL);
        if (n < 0) return failed();
        p->at += (uint32_t)n;
        if (p->at == p->size) {
            free(p->data);
            p->data = NULL;
            p->replying = false;
            p->head_len = 0;
        }
        return MORE;
    }
    if (p->head_len < 4) {
        n = recv(p->fd, p->head + p->head_len, 4 - p->head_len, 0);
        if (n == 0) return OVER;
        if (n < 0) return failed();
        p->head_len += n;
        if (p->head_len == 4) {
            uint32_t raw;
            memcpy(&raw, p->head, 4);
            p->size = ntohl(raw);
            p->at = 0;
            if (p->size == 0) { p->head_len = 0; return MORE; }
            if (p->size > MAX_LEN) return OVER;
            if ((p->data = malloc(p->size)) == NULL) return OVER;
        }
        return MORE;
    }
    uint32_t left = p->size - p->at;
    n = recv(p->fd, p->data + p->at, left < SLICE ? left : SLICE, 0);
    if (n == 0) return OVER;
    if (n < 0) return failed();
    p->at += (uint32_t)n;
    if (p->at == p->size) {
        for (uint32_t i = 0; i < p->size / 2; i++) {
            uint8_t t = p->data[i];
            p->data[i] = p->data[p->size - 1 - i];
            p->data[p->size - 1 - i] = t;
        }
        p->at = 0;
        p->replying = true;
    }
    return MORE;
}

/* false: accept is to be tried again a little later */
static bool accept_all(int listener, int ep)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN) { accept_ready = false; return true; }
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) return false;
            if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
            perror("accept4");
            return false;
        }
        struct peer *p = calloc(1, sizeof *p);
        if (!p) { close(fd); continue; }
        p->fd = fd;
        struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = p };
        if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0) { perror("epoll_ctl"); close(fd); free(p); }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: srv_rev_evn PORT\n", stderr);
        return EXIT_FAILURE;
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(strtoul(argv[1], NULL, 10)) };
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 1024)) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.ptr = NULL };
    if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e) < 0) {
        perror("epoll");
        return EXIT_FAILURE;
    }
    for (;;) {
        int timeout = !TAILQ_EMPTY(&ready) ? 0 : accept_ready ? 100 : -1;
        struct epoll_event events[128];
        int n = epoll_wait(ep, events, 128, timeout);
        if (n < 0 && errno != EINTR) { perror("epoll_wait"); return EXIT_FAILURE; }
        for (int i = 0; i < n; i++)
            if (events[i].data.ptr) enqueue(events[i].data.ptr);
            else accept_ready = true;
        if (accept_ready) accept_all(listener, ep);

        /* one slice for each that is on the list now */
        struct peer *last = TAILQ_LAST(&ready, ready_list), *p = NULL;
        while (p != last) {
            p = TAILQ_FIRST(&ready);
            TAILQ_REMOVE(&ready, p, link);
            p->queued = false;
            enum outcome o = step(p);
            if (o == MORE) enqueue(p);
            if (o == OVER) {
                bool was_last = p == last;
                close(p->fd);
                free(p->data);
                free(p);
                if (was_last) break;
                p = NULL;
            }
        }
    }
}
