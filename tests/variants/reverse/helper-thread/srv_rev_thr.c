/* Thread per client, and one more thread from the start that writes the load to stderr, at most
 * five times a second and only when it has changed. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_int clients;
static atomic_ulong requests;

static void *monitor(void *unused)
{
    unsigned long last = 0;
    for (;;) {
        nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
        unsigned long now = atomic_load(&requests);
        if (now != last) fprintf(stderr, "%d clients, %lu requests\n", atomic_load(&clients), now);
        last = now;
    }
    return unused;
}

static int receive(int fd, void *to, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t r = read(fd, (char *)to + at, n - at);
        if (r > 0) at += r;
        else if (r == 0 || errno != EINTR) return -1;
    }
    return 0;
}

static int deliver(int fd, const void *from, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t r = send(fd, (const char *)from + at, n - at, MSG_NOSIGNAL);
        if (r >= 0) at += r;
        else if (errno != EINTR) return -1;
    }
    return 0;
}

static int one(int fd)
{
    uint32_t n;
    if (receive(fd, &n, 4)) return -1;
    n = ntohl(n);
    if (n > 1 << 26) return -1;
    unsigned char *p = malloc((size_t)n * 2 + 1);      /* as it came, and turned round */
    if (!p) return -1;
    int result = receive(fd, p, n);
    if (!result) {
        for (uint32_t i = 0; i < n; i++) p[n + i] = p[n - 1 - i];
        result = deliver(fd, p + n, n);
        atomic_fetch_add(&requests, 1);
    }
    free(p);
    return result;
}

static void *serve(void *arg)
{
    int fd = (int)(long)arg;
    atomic_fetch_add(&clients, 1);
    while (one(fd) == 0)
        ;
    atomic_fetch_sub(&clients, 1);
    close(fd);
    return NULL;
}

static void start(void *(*what)(void *), void *arg)
{
    pthread_t id;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 256 * 1024);
    int e = pthread_create(&id, &attr, what, arg);
    pthread_attr_destroy(&attr);
    if (e == 0) return;
    fprintf(stderr, "pthread_create: %s\n", strerror(e));
    if (what == serve) close((int)(long)arg);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        return 1;
    }
    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(s, (struct sockaddr *)&a, sizeof a)) { perror("bind"); return 1; }
    if (listen(s, 30)) { perror("listen"); return 1; }
    start(monitor, NULL);
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c >= 0) start(serve, (void *)(long)c);
        else if (errno != EINTR && errno != ECONNABORTED) usleep(100000);
    }
}
