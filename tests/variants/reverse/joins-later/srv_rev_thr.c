/* Joinable threads: a list of them all, and before each new one those that said "done" are joined. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct job {
    struct job *next;
    pthread_t thread;
    atomic_bool done;
    int fd;
};
static struct job *jobs;

static int all(int fd, void *p, size_t n)
{
    while (n > 0) {
        ssize_t r = recv(fd, p, n, MSG_WAITALL);
        if (r == 0 || (r < 0 && errno != EINTR)) return 0;
        if (r > 0) {
            p = (char *)p + r;
            n -= (size_t)r;
        }
    }
    return 1;
}

static void *run(void *arg)
{
    struct job *j = arg;
    unsigned char *buf = NULL;
    uint32_t h;
    while (all(j->fd, &h, sizeof h)) {
        uint32_t n = ntohl(h);
        if (n > 64u << 20) break;
        unsigned char *p = realloc(buf, n + 1);
        if (p == NULL) break;
        buf = p;
        if (!all(j->fd, buf, n)) break;
        for (uint32_t i = 0, k = n; i + 1 < k; i++) {
            unsigned char t = buf[i];
            buf[i] = buf[--k];
            buf[k] = t;
        }
        struct iovec v = { buf, n };
        while (v.iov_len > 0) {
            struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
            ssize_t w = sendmsg(j->fd, &m, MSG_NOSIGNAL);
            if (w < 0 && errno == EINTR) continue;
            if (w < 0) goto out;
            v.iov_base = (char *)v.iov_base + w;
            v.iov_len -= (size_t)w;
        }
        if (n > 65536) {
            free(buf);
            buf = NULL;
        }
    }
out:
    free(buf);
    close(j->fd);
    atomic_store(&j->done, 1);
    return NULL;
}

static void sweep(void)
{
    for (struct job **at = &jobs; *at;) {
        struct job *j = *at;
        if (!atomic_load(&j->done)) {
            at = &j->next;
            continue;
        }
        *at = j->next;
        pthread_join(j->thread, NULL);
        free(j);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        return 1;
    }
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    if (bind(l, (struct sockaddr *)&a, sizeof a) == -1) return perror("bind"), 1;
    if (listen(l, SOMAXCONN) == -1) return perror("listen"), 1;
    while (1) {
        int fd = accept(l, NULL, NULL);
        int error = errno;
        sweep();
        if (fd == -1) {
            if (error != EINTR && error != ECONNABORTED) poll(NULL, 0, 100);
            continue;
        }
        struct job *j = calloc(1, sizeof *j);
        if (j == NULL) {
            close(fd);
            continue;
        }
        j->fd = fd;
        if ((error = pthread_create(&j->thread, NULL, run, j)) != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            close(fd);
            free(j);
            continue;
        }
        j->next = jobs;
        jobs = j;
    }
}
