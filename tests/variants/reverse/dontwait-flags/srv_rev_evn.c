/* Event server whose descriptors stay in blocking mode: every recv and send says MSG_DONTWAIT.
 * The clients are a linked list; the pollfd vector is built anew from it before each poll. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct node {
    struct node *next;
    int fd;
    uint8_t *block;      /* header and data together: 4 + length bytes */
    uint8_t head[4];
    uint64_t have, need; /* of header and data */
    uint64_t sent;
};

static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static int serve(struct node *c)
{
    for (int turn = 0; turn < 8; turn++) {          /* not for ever: others wait too */
        ssize_t n;
        if (c->have < 4) {
            n = recv(c->fd, c->head + c->have, 4 - c->have, MSG_DONTWAIT);
            if (n == 0) return -1;
            if (n > 0) {
                c->have += n;
                if (c->have == 4) {
                    uint32_t len = be32(c->head);
                    c->need = 4 + (uint64_t)len;
                    c->sent = 0;
                    if (len == 0) c->have = 0;
                    else if (len > 64 * 1048576 || (c->block = malloc(len)) == NULL) return -1;
                }
                continue;
            }
        } else if (c->have < c->need) {
            n = recv(c->fd, c->block + (c->have - 4), c->need - c->have, MSG_DONTWAIT);
            if (n == 0) return -1;
            if (n > 0) {
                c->have += n;
                if (c->have == c->need) {
                    uint8_t *a = c->block, *b = c->block + (c->need - 4);
                    while (a < --b) { uint8_t t = *a; *a++ = *b; *b = t; }
                }
                continue;
            }
        } else {
            n = send(c->fd, c->block + c->sent, c->need - 4 - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n >= 0) {
                c->sent += n;
                if (c->sent == c->need - 4) {
                    free(c->block);
                    c->block = NULL;
                    c->have = 0;
                }
                continue;
            }
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
        if (errno != EINTR) return -1;
    }
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc != 2) { fprintf(stderr, "%s: expects one argument, the port\n", argv[0]); return 1; }
    int on = 1, srv = socket(AF_INET, SOCK_STREAM, 0);
    if (srv == -1) { perror("socket"); return 1; }
    setsockopt(srv, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in me;
    memset(&me, 0, sizeof me);
    me.sin_family = AF_INET;
    me.sin_addr.s_addr = htonl(INADDR_ANY);
    me.sin_port = htons((uint16_t)atoi(argv[1]));
    if (bind(srv, (struct sockaddr *)&me, sizeof me) == -1) { perror("bind"); return 1; }
    if (listen(srv, 100) == -1) { perror("listen"); return 1; }

    struct node *list = NULL;
    struct pollfd *vec = NULL;
    size_t cap = 0, count = 0;
    int pause_ms = -1;
    for (;;) {
        if (count + 1 > cap) {
            struct pollfd *bigger = realloc(vec, (count + 64) * sizeof *vec);
            if (bigger == NULL) { perror("realloc"); return 1; }
            vec = bigger;
            cap = count + 64;
        }
        size_t i = 0;
        vec[i].fd = pause_ms < 0 ? srv : -1;        /* -1: poll passes over it */
        vec[i++].events = POLLIN;
        for (struct node *c = list; c; c = c->next) {
            vec[i].fd = c->fd;
            vec[i++].events = c->have >= 4 && c->have == c->need ? POLLOUT : POLLIN;
        }
        if (poll(vec, i, pause_ms) == -1) {
            if (errno == EINTR) continue;
            perror("poll");
            return 1;
        }
        pause_ms = -1;
        i = 1;
        for (struct node **at = &list; *at; i++) {
            struct node *c = *at;
            if (vec[i].revents && serve(c) == -1) {
                *at = c->next;
                close(c->fd);
                free(c->block);
                free(c);
                count--;
            } else
                at = &c->next;
        }
        if (vec[0].fd != -1 && vec[0].revents) {
            int fd = accept(srv, NULL, NULL);
            if (fd == -1) {
                if (errno != EINTR && errno != ECONNABORTED) pause_ms = 200;
            } else {
                struct node *c = calloc(1, sizeof *c);
                if (c == NULL) close(fd);
                else { c->fd = fd; c->next = list; list = c; count++; }
            }
        }
    }
}
