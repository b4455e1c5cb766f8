/* Event server with a heartbeat: epoll_wait never sleeps for more than a second, so that the
 * statistics can be written (to stderr, and only when they changed). */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEARTBEAT_MS 1000

struct session {
    int fd;
    unsigned char header[4];
    size_t in_header, length, in_body, out;
    char *body;
};

static unsigned long accepted, answered;
static volatile sig_atomic_t finish;

static void on_term(int sig) { (void)sig; finish = 1; }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void report(void)
{
    static unsigned long shown;
    if (answered != shown) {
        fprintf(stderr, "%lu clients, %lu answers\n", accepted, answered);
        shown = answered;
    }
}

static void end(struct session *s)
{
    close(s->fd);
    free(s->body);
    free(s);
}

static int retry(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

static int turn(struct session *s, int ep)
{
    ssize_t n;
    if (s->in_header < 4) {
        n = recv(s->fd, s->header + s->in_header, 4 - s->in_header, 0);
        if (n <= 0) return n < 0 && retry();
        s->in_header += (size_t)n;
        if (s->in_header < 4) return 1;
        uint32_t v;
        memcpy(&v, s->header, sizeof v);
        s->length = ntohl(v);
        s->in_body = s->out = 0;
        if (s->length > 67108864) return 0;
        if (s->length == 0) { s->in_header = 0; answered++; return 1; }
        s->body = malloc(s->length);
        return s->body != NULL;
    }
    if (s->in_body < s->length) {
        size_t ask = s->length - s->in_body;
        n = recv(s->fd, s->body + s->in_body, ask > 131072 ? 131072 : ask, 0);
        if (n <= 0) return n < 0 && retry();
        s->in_body += (size_t)n;
        if (s->in_body < s->length) return 1;
        for (size_t i = 0, j = s->length - 1; i < j; i++, j--) {
            char c = s->body[i];
            s->body[i] = s->body[j];
            s->body[j] = c;
        }
        struct epoll_event e = { .events = EPOLLOUT, .data.ptr = s };
        return epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &e) == 0;
    }
    n = send(s->fd, s->body + s->out, s->length - s->out, MSG_NOSIGNAL);
    if (n < 0) return retry();
    s->out += (size_t)n;
    if (s->out < s->length) return 1;
    free(s->body);
    s->body = NULL;
    s->in_header = 0;
    answered++;
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
    return epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &e) == 0;
}

static int arm_listener(int ep, int op, int l, int on)
{
    struct epoll_event e = { .events = on ? EPOLLIN : 0, .data.ptr = NULL };
    return epoll_ctl(ep, op, l, &e);
}

int main(int argc, char **argv)
{
    if (argc != 2) { fprintf(stderr, "Usage: %s <port>\n", argv[0]); return 1; }
    signal(SIGTERM, on_term);
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = { 0 };
    a.sin_family = AF_INET;
    a.sin_port = htons((unsigned short)strtol(argv[1], 0, 10));
    if (bind(l, (struct sockaddr *)&a, sizeof a)) { perror("bind"); return 1; }
    if (listen(l, SOMAXCONN)) { perror("listen"); return 1; }
    fcntl(l, F_SETFL, O_NONBLOCK | fcntl(l, F_GETFL));
    int ep = epoll_create(1);
    double resting = 0;     /* not 0: since when nobody is accepted */
    if (ep < 0 || arm_listener(ep, EPOLL_CTL_ADD, l, 1)) { perror("epoll"); return 1; }

    while (!finish) {
        struct epoll_event ev[32];
        int n = epoll_wait(ep, ev, 32, resting != 0 ? 100 : HEARTBEAT_MS);
        if (n < 0) {
            if (errno == EINTR) continue;
            perror("epoll_wait");
            return 1;
        }
        if (n == 0)
            report();
        if (resting != 0 && now() - resting > 0.1)
            resting = arm_listener(ep, EPOLL_CTL_MOD, l, 1) ? now() : 0;
        for (int i = 0; i < n; i++) {
            struct session *s = ev[i].data.ptr;
            if (s) {
                if (!turn(s, ep)) end(s);
                continue;
            }
            int fd = accept(l, NULL, NULL);
            if (fd < 0) {
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                    resting = arm_listener(ep, EPOLL_CTL_MOD, l, 0) ? 0 : now();
                continue;
            }
            s = calloc(1, sizeof *s);
            if (!s) { close(fd); continue; }
            s->fd = fd;
            fcntl(fd, F_SETFL, O_NONBLOCK | fcntl(fd, F_GETFL));
            struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
            if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e)) end(s);
            else accepted++;
        }
    }
    report();
    return 0;
}
