/* The length is taken one byte at a time: four calls of recv, and no loop over partial headers. */
#include <sys/socket.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

static int byte(int s)          /* -1: no more */
{
    unsigned char b;
    ssize_t r;
    do
        r = recv(s, &b, 1, 0);
    while (r == -1 && errno == EINTR);
    return r == 1 ? b : -1;
}

static long length(int s)
{
    long v = 0;
    for (int i = 0; i < 4; i++) {
        int b = byte(s);
        if (b == -1)
            return -1;
        v = v << 8 | b;
    }
    return v;
}

static int answer(int s)
{
    char *data, *first, *last;
    long n = length(s), done;

    if (n < 0 || n > 64L << 20)
        return 0;
    if (n == 0)
        return 1;
    if ((data = malloc(n)) == NULL)
        return 0;
    for (done = 0; done < n;) {
        ssize_t r = read(s, data + done, n - done);
        if (r > 0)
            done += r;
        else if (r == 0 || errno != EINTR) {
            free(data);
            return 0;
        }
    }
    for (first = data, last = data + n - 1; first < last; first++, last--)
        *first ^= *last, *last ^= *first, *first ^= *last;
    for (done = 0; done < n;) {
        ssize_t w = write(s, data + done, n - done);
        if (w >= 0)
            done += w;
        else if (errno != EINTR)
            break;
    }
    free(data);
    return done == n;
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "%s: one argument, the port\n", argv[0]);
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN);
    int yes = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = { AF_INET, htons(atoi(argv[1])), { INADDR_ANY }, { 0 } };
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(int));
    if (bind(s, (struct sockaddr *)&a, sizeof a)) {
        perror("bind");
        exit(1);
    }
    listen(s, 5);
    while (1) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            struct timespec t = { 0, 20000000 };
            if (errno != EINTR)
                nanosleep(&t, NULL);
            continue;
        }
        while (answer(c))
            ;
        close(c);
    }
}
