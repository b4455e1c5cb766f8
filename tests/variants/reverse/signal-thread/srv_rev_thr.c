/* All signals are blocked in every thread but one, which waits for SIGTERM and SIGINT with sigwait
 * and then lets the process end tidily. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void *signals(void *p)
{
    int which;
    while (sigwait((sigset_t *)p, &which) == 0)
        if (which == SIGTERM || which == SIGINT) {
            fprintf(stderr, "ended by %s\n", strsignal(which));
            exit(EXIT_SUCCESS);
        }
    return NULL;
}

typedef struct { int fd; FILE *in; } conn;

/* fread, going on after EINTR: what had come is counted, and the stream's error is cleared */
static size_t get(FILE *in, uint8_t *to, size_t n)
{
    size_t got = 0;
    for (;;) {
        errno = 0;
        got += fread(to + got, 1, n - got, in);
        if (got == n || !ferror(in) || errno != EINTR) return got;
        clearerr(in);
    }
}

static void *talk(void *p)
{
    conn c = *(conn *)p;
    free(p);
    uint8_t h[4];
    while (get(c.in, h, 4) == 4) {
        uint32_t n = h[0] * 0x1000000u + h[1] * 0x10000u + h[2] * 0x100u + h[3];
        if (n > 0x4000000) break;
        if (n == 0) continue;
        uint8_t *d = malloc(n);
        if (d == NULL) break;
        int bad = get(c.in, d, n) < n;
        for (uint32_t i = 0; !bad && i < n / 2; i++) {
            uint8_t t = d[i];
            d[i] = d[n - 1 - i];
            d[n - 1 - i] = t;
        }
        for (size_t sent = 0; !bad && sent < n;) {
            ssize_t w = send(c.fd, d + sent, n - sent, 0);
            if (w >= 0) sent += (size_t)w;
            else bad = errno != EINTR;
        }
        free(d);
        if (bad) break;
    }
    fclose(c.in);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 2) return fprintf(stderr, "usage: %s PORT\n", argv[0]), 1;
    static sigset_t set;
    sigfillset(&set);
    pthread_sigmask(SIG_SETMASK, &set, NULL);           /* SIGPIPE too */
    pthread_t t;
    int e = pthread_create(&t, NULL, signals, &set);
    if (e) return fprintf(stderr, "pthread_create: %s\n", strerror(e)), 1;

    int l = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    if (setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) || bind(l, (void *)&a, sizeof a) || listen(l, 99))
        return perror("server socket"), 1;
    for (;;) {
        int fd = accept(l, NULL, NULL);
        if (fd == -1) {
            if (errno != EINTR && errno != ECONNABORTED) nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
            continue;
        }
        conn *c = malloc(sizeof *c);
        if (!c || !(c->in = fdopen(fd, "r"))) {
            free(c);
            close(fd);
            continue;
        }
        c->fd = fd;
        FILE *in = c->in;
        if ((e = pthread_create(&t, NULL, talk, c)) != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(e));
            fclose(in);
            free(c);
        } else
            pthread_detach(t);
    }
}
