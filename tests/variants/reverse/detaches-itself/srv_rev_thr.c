/* The descriptor travels inside the pointer; the thread detaches itself. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>

static long transfer(int fd, char *p, long n, int sending)
{
    long moved = 0;
    do {
        long r = sending ? write(fd, p + moved, n - moved) : read(fd, p + moved, n - moved);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return -1;
        moved += r;
    } while (moved < n);
    return moved;
}

static void *thread(void *arg)
{
    int fd = (int)(intptr_t)arg;
    uint32_t len;

    pthread_detach(pthread_self());
    while (transfer(fd, (char *)&len, sizeof len, 0) > 0) {
        char *a, *p, *q;
        if ((len = ntohl(len)) == 0)
            continue;
        if (len > 0x4000000)
            break;
        if ((a = malloc(len)) == NULL)
            break;
        if (transfer(fd, a, len, 0) < 0) {
            free(a);
            break;
        }
        for (p = a, q = a + len - 1; p < q; p++, q--) {
            char t = *p;
            *p = *q;
            *q = t;
        }
        if (transfer(fd, a, len, 1) < 0) {
            free(a);
            break;
        }
        free(a);
    }
    close(fd);
    return NULL;
}

int main(int argc, char *argv[])
{
    struct sockaddr_in sin;
    int s, c, yes = 1, e;
    pthread_t t;

    if (argc != 2) {
        fprintf(stderr, "usage: %s port\n", argv[0]);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    memset(&sin, 0, sizeof sin);
    sin.sin_family = AF_INET;
    sin.sin_port = htons(atoi(argv[1]));
    sin.sin_addr.s_addr = INADDR_ANY;
    if ((s = socket(PF_INET, SOCK_STREAM, 0)) == -1
        || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == -1
        || bind(s, (struct sockaddr *)&sin, sizeof sin) == -1
        || listen(s, 40) == -1) {
        perror(argv[0]);
        return EXIT_FAILURE;
    }
    for (;;) {
        if ((c = accept(s, NULL, NULL)) == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                usleep(100 * 1000);
            continue;
        }
        if ((e = pthread_create(&t, NULL, thread, (void *)(intptr_t)c)) != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(e));
            close(c);
        }
    }
}
