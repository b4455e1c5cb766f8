/* listen(1): two may wait, whoever comes later is asked by TCP to try again. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t buffer[64 * 1024 * 1024];       /* static: the longest request fits */

static int exactly(int s, void *p, size_t n)
{
    while (n) {
        ssize_t r = recv(s, p, n, 0);
        if (r > 0)
            p = (char *)p + r, n -= r;
        else if (r == 0 || errno != EINTR)
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_in a = { 0 };
    int s, c, one = 1;

    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        return 1;
    }
    a.sin_family = AF_INET;
    a.sin_port = htons(atoi(argv[1]));
    s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (void *)&a, sizeof a)) {
        perror("bind");
        return 1;
    }
    if (listen(s, 1)) {
        perror("listen");
        return 1;
    }
    for (;; close(c)) {
        uint32_t n;
        while ((c = accept(s, 0, 0)) == -1)
            if (errno != EINTR && errno != ECONNABORTED)
                poll(0, 0, 50);
        while (exactly(c, &n, 4) && (n = ntohl(n)) <= sizeof buffer && exactly(c, buffer, n)) {
            uint32_t i;
            for (i = 0; i < n / 2; i++) {
                uint8_t t = buffer[i];
                buffer[i] = buffer[n - 1 - i];
                buffer[n - 1 - i] = t;
            }
            for (i = 0; i < n;) {
                ssize_t w = send(c, buffer + i, n - i, MSG_NOSIGNAL);
                if (w >= 0)
                    i += w;
                else if (errno != EINTR)
                    break;
            }
            if (i < n)
                break;
        }
    }
}
