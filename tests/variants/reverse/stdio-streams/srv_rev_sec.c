/* Sequential server on two stdio streams per connection, one for each direction. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Only fread is buffered: the reply goes out by write, because after an interrupted fflush nobody
 * knows how much had left. */
static int input(FILE *f, void *to, size_t n)
{
    size_t got = 0;
    while (got < n) {
        got += fread((char *)to + got, 1, n - got, f);
        if (feof(f))
            break;
        if (ferror(f)) {
            if (errno != EINTR)
                break;
            clearerr(f);
        }
    }
    return got == n;
}

static int output(FILE *f, const char *from, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fileno(f), from, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return 0;
        from += w;
        n -= (size_t)w;
    }
    return 1;
}

static void session(FILE *in, FILE *out)
{
    uint32_t n;
    while (input(in, &n, sizeof n)) {
        n = ntohl(n);
        if (n > 64 * 1024 * 1024)
            return;
        char *d = malloc(n ? n : 1);
        if (d == NULL) {
            perror("malloc");
            return;
        }
        int ok = input(in, d, n);
        if (ok) {
            for (char *a = d, *z = d + n; z - a > 1;) {
                char t = *--z;
                *z = *a;
                *a++ = t;
            }
            ok = output(out, d, n);
        }
        free(d);
        if (!ok)
            return;
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    int s = socket(PF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in me = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (struct sockaddr *)&me, sizeof me) == -1 || listen(s, 16) == -1) {
        perror("bind or listen");
        return EXIT_FAILURE;
    }
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                usleep(100000);
            continue;
        }
        FILE *in = fdopen(c, "r");
        if (in == NULL) {
            close(c);
            continue;
        }
        int c2 = dup(c);
        FILE *out = c2 == -1 ? NULL : fdopen(c2, "w");
        if (out != NULL) {
            session(in, out);
            fclose(out);
        } else if (c2 != -1)
            close(c2);
        fclose(in);
    }
}
