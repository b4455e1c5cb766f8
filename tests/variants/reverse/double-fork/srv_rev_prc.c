/* Double fork: the first child ends at once and is waited for; the one that serves is an
 * orphan, which init collects. No signal is touched except SIGPIPE. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t get(int s, unsigned char *p, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = recv(s, p + got, n - got, MSG_WAITALL);
        if (r > 0) got += (size_t)r;
        else if (r == 0 || errno != EINTR) break;
    }
    return got;
}

static void converse(int s)
{
    unsigned char h[4];
    while (get(s, h, 4) == 4) {
        size_t n = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
        if (n > (size_t)64 << 20) return;
        unsigned char *b = n ? malloc(n) : NULL;
        if (n && (!b || get(s, b, n) != n)) return;     /* the process ends: nothing to free */
        /* sent from the end in blocks, each turned round on its way */
        unsigned char block[32768];
        for (size_t left = n; left > 0;) {
            size_t k = left < sizeof block ? left : sizeof block;
            for (size_t i = 0; i < k; i++) block[i] = b[left - 1 - i];
            for (size_t off = 0; off < k;) {
                ssize_t w = send(s, block + off, k - off, MSG_NOSIGNAL | (left > k ? MSG_MORE : 0));
                if (w >= 0) off += (size_t)w;
                else if (errno != EINTR) return;
            }
            left -= k;
        }
        free(b);
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        return 1;
    }
    int ls = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    if (ls < 0 || setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
        bind(ls, (struct sockaddr *)&sa, sizeof sa) || listen(ls, 64)) {
        perror("cannot listen");
        return 1;
    }
    for (;;) {
        int s = accept(ls, 0, 0);
        if (s < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) poll(0, 0, 100);
            continue;
        }
        pid_t first = fork();
        if (first == 0) {
            close(ls);
            pid_t second = fork();
            if (second == 0) {
                converse(s);
                close(s);
            }
            _exit(0);
        }
        close(s);
        if (first < 0) perror("fork");
        else while (waitpid(first, 0, 0) < 0 && errno == EINTR) ;
    }
}
