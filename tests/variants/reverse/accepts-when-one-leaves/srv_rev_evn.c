/* Reverse service, based on events: one thread, non-blocking sockets, level-triggered epoll.
 *
 * Each connection is either receiving a request (watched for EPOLLIN) or sending its reply (watched
 * for EPOLLOUT), never both: a client that does not read its replies is not read from either. Every
 * event does a small bounded amount of work; epoll reports again what is left. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_EVENTS 64
#define CHUNK (64 * 1024) /* most bytes moved per event, so that no client holds up the others */

struct client {
    int fd;
    uint32_t header;   /* length in network byte order, perhaps still incomplete */
    size_t header_got; /* bytes of it received */
    uint8_t *data;     /* the request's bytes; once reversed, the reply's */
    size_t length;
    size_t done; /* bytes of data received, or sent when replying */
    bool replying;
};

static void fail(const char *operation)
{
    perror(operation);
    exit(EXIT_FAILURE);
}

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL, 0); /* to be added to the flags that are already there */
    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* OPERATION is EPOLL_CTL_ADD or _MOD; the listener is watched with a NULL client. */
static int watch(int epoll_fd, int operation, int fd, uint32_t events, struct client *client)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    return epoll_ctl(epoll_fd, operation, fd, &event);
}

/* After a failed recv or send: is it just not possible yet? */
static bool not_yet(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Receives what has arrived of one request. False: the connection is over. */
static bool receive_request(struct client *c)
{
    if (c->header_got < sizeof c->header) {
        ssize_t n = recv(c->fd, (uint8_t *)&c->header + c->header_got, sizeof c->header - c->header_got, 0);
        if (n <= 0)
            return n == -1 && not_yet();
        c->header_got += (size_t)n;
        if (c->header_got < sizeof c->header)
            return true;

        c->length = ntohl(c->header);
        if (c->length > MAX_LENGTH)
            return false;
        if (c->length == 0) { /* empty reply: on to the next request */
            c->header_got = 0;
            return true;
        }
        c->data = malloc(c->length); /* costs memory only as far as data arrives */
        if (c->data == NULL) {
            perror("malloc");
            return false;
        }
        c->done = 0;
    }

    size_t left = c->length - c->done;
    ssize_t n = recv(c->fd, c->data + c->done, left < CHUNK ? left : CHUNK, 0);
    if (n <= 0)
        return n == -1 && not_yet();
    c->done += (size_t)n;
    if (c->done == c->length) {
        reverse(c->data, c->length);
        c->replying = true;
        c->done = 0;
    }
    return true;
}

/* Sends what fits of the reply. False: the connection is over. */
static bool send_reply(struct client *c)
{
    size_t left = c->length - c->done;
    ssize_t n = send(c->fd, c->data + c->done, left < CHUNK ? left : CHUNK, 0);
    if (n == -1)
        return not_yet();
    c->done += (size_t)n;
    if (c->done == c->length) {
        free(c->data);
        c->data = NULL;
        c->header_got = 0;
        c->replying = false;
    }
    return true;
}

static int listener;
static bool full; /* no descriptor was left: the listener is not watched until a client has gone */

static void close_client(int epoll_fd, struct client *c)
{
    close(c->fd); /* epoll forgets a descriptor that is closed */
    if (full && watch(epoll_fd, EPOLL_CTL_MOD, listener, EPOLLIN, NULL) == 0)
        full = false;
    free(c->data);
    free(c);
}

/* No special case for EPOLLHUP and EPOLLERR: recv or send then fails and says why. */
static void serve_event(int epoll_fd, struct client *c)
{
    bool was_replying = c->replying;
    bool ok = was_replying || receive_request(c);

    if (ok && c->replying)
        ok = send_reply(c); /* at once, since mostly the whole reply fits */
    /* Watch for room to write only while there is something to write: there is room nearly always. */
    if (ok && c->replying != was_replying)
        ok = watch(epoll_fd, EPOLL_CTL_MOD, c->fd, c->replying ? EPOLLOUT : EPOLLIN, c) == 0;
    if (!ok)
        close_client(epoll_fd, c);
}

static void add_client(int epoll_fd, int connection)
{
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        perror("calloc");
        close(connection);
        return;
    }
    c->fd = connection;
    if (set_nonblocking(connection) == -1 || watch(epoll_fd, EPOLL_CTL_ADD, connection, EPOLLIN, c) == -1) {
        perror("fcntl or epoll_ctl");
        close_client(epoll_fd, c);
    }
}

/* As many descriptors as the system lets us have: one is needed per client. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        perror("setrlimit"); /* not fatal: just fewer clients */
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Otherwise sending to a client that has gone would end the server. */
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    return_freed_buffers();
    listener = listening_socket(argv[1]);
    /* A client can vanish between the event and accept, which must not block then. */
    if (set_nonblocking(listener) == -1)
        fail("fcntl");
    int epoll_fd = epoll_create1(0);
    if (epoll_fd == -1)
        fail("epoll_create1");
    if (watch(epoll_fd, EPOLL_CTL_ADD, listener, EPOLLIN, NULL) == -1)
        fail("epoll_ctl");

    for (;;) {
        struct epoll_event events[MAX_EVENTS];
        int n = epoll_wait(epoll_fd, events, MAX_EVENTS, -1);
        if (n == -1 && errno != EINTR)
            fail("epoll_wait");

        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr != NULL) {
                serve_event(epoll_fd, events[i].data.ptr);
                continue;
            }
            int connection = accept(listener, NULL, NULL);
            if (connection != -1) {
                add_client(epoll_fd, connection);
            } else if (accept_must_wait() && !full) {
                /* The queue stays readable, so epoll_wait would return at once again and again. */
                if (watch(epoll_fd, EPOLL_CTL_MOD, listener, 0, NULL) == -1)
                    fail("epoll_ctl");
                full = true;
            }
        }
    }
}
