/* Once a second SIGALRM collects the children that have ended. The handler is installed without
 * SA_RESTART: accept then returns EINTR and is called again. */
#define _POSIX_C_SOURCE 200809L
#include <netdb.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <unistd.h>

static void tick(int sig)
{
    int e = errno;
    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    alarm(1);
    errno = e;
}

static int whole(int fd, char *p, size_t n, int out)
{
    while (n) {
        ssize_t k = out ? write(fd, p, n) : read(fd, p, n);
        if (k > 0) {
            p += k;
            n -= (size_t)k;
        } else if (k == 0 || errno != EINTR)
            return 0;
    }
    return 1;
}

static int service(int fd)
{
    for (;;) {
        uint32_t n;
        if (!whole(fd, (char *)&n, 4, 0)) return 0;
        n = ntohl(n);
        if (n > 1u << 26) return 1;
        if (n == 0) continue;
        char *p = malloc(n), c;
        if (!p || !whole(fd, p, n, 0)) return 1;
        for (char *l = p, *r = p + n - 1; l < r; c = *l, *l++ = *r, *r-- = c)
            ;
        if (!whole(fd, p, n, 1)) return 1;
        free(p);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "use: %s port\n", argv[0]);
        return 1;
    }
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *r;
    int e = getaddrinfo(NULL, argv[1], &hints, &r);
    if (e) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(e));
        return 1;
    }
    int s = socket(r->ai_family, r->ai_socktype, r->ai_protocol), yes = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(s, r->ai_addr, r->ai_addrlen) || listen(s, 10)) {
        perror("bind/listen");
        return 1;
    }
    freeaddrinfo(r);

    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = tick;
    sigaction(SIGALRM, &a, NULL);
    a.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &a, NULL);
    alarm(1);

    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            perror("accept");
            select(0, NULL, NULL, NULL, &(struct timeval){ .tv_usec = 100000 });
            continue;
        }
        pid_t p = fork();
        if (p == 0) {
            alarm(0);               /* timers are not inherited, but the habit is good */
            close(s);
            exit(service(c));
        }
        if (p == -1) perror("fork");
        close(c);
    }
}
