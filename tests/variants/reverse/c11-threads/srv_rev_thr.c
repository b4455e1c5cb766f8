/* C11 threads; small stacks are not to be had with them, so the buffers are on the heap. */
#include <threads.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 8192

static int next_byte_run(int fd, uint8_t *to, uint32_t n)
{
    for (uint32_t at = 0; at < n;) {
        uint32_t ask = n - at < PIECE ? n - at : PIECE;
        ssize_t r = recv(fd, to + at, ask, 0);
        if (r < 0 && errno == EINTR) continue;
        if (r <= 0) return thrd_error;
        at += (uint32_t)r;
    }
    return thrd_success;
}

static int client(void *arg)
{
    int fd = *(int *)arg;
    free(arg);
    uint32_t n;
    while (next_byte_run(fd, (uint8_t *)&n, sizeof n) == thrd_success) {
        n = ntohl(n);
        if (n > UINT32_C(67108864)) break;
        uint8_t *data = malloc((size_t)n + 1);
        if (!data) break;
        int ok = next_byte_run(fd, data, n) == thrd_success;
        uint8_t piece[PIECE];
        uint32_t left = n;
        while (ok && left) {
            uint32_t k = left < PIECE ? left : PIECE;
            for (uint32_t i = 0; i < k; i++) piece[i] = data[--left];
            for (uint32_t at = 0; ok && at < k;) {
                ssize_t w = send(fd, piece + at, k - at, MSG_NOSIGNAL);
                if (w >= 0) at += (uint32_t)w;
                else ok = errno == EINTR;
            }
        }
        free(data);
        if (!ok) break;
    }
    shutdown(fd, SHUT_RDWR);
    close(fd);
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        exit(EXIT_FAILURE);
    }
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0) { perror("socket"); exit(EXIT_FAILURE); }
    int yes = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in sa;
    memset(&sa, 0, sizeof sa);
    sa.sin_family = AF_INET;
    sa.sin_port = htons((uint16_t)strtoumax(argv[1], NULL, 10));
    if (bind(s, (struct sockaddr *)&sa, sizeof sa) != 0) { perror("bind"); exit(EXIT_FAILURE); }
    if (listen(s, 16) != 0) { perror("listen"); exit(EXIT_FAILURE); }
    for (;;) {
        int fd = accept(s, NULL, NULL);
        if (fd < 0) {
            if (errno != EINTR && errno != ECONNABORTED)
                thrd_sleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
            continue;
        }
        int *arg = malloc(sizeof *arg);
        thrd_t t;
        if (arg) *arg = fd;
        if (!arg || thrd_create(&t, client, arg) != thrd_success) {
            fputs("thrd_create failed\n", stderr);
            close(fd);
            free(arg);
            continue;
        }
        thrd_detach(t);
    }
}
