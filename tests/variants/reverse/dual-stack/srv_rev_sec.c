/* An IPv6 socket on [::] that takes IPv4 too (V6ONLY off). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int get(int c, unsigned char *p, uint32_t n)
{
    for (uint32_t i = 0; i < n;) {
        ssize_t r = recv(c, p + i, n - i, MSG_WAITALL);
        if (r < 0 && errno == EINTR) continue;
        if (r <= 0) return -1;
        i += r;
    }
    return 0;
}

static void dialogue(int c)
{
    union { unsigned char bytes[4]; uint32_t number; } h;
    while (get(c, h.bytes, 4) == 0) {
        uint32_t n = ntohl(h.number);
        unsigned char *p;
        if (n > 64u << 20 || !(p = calloc(1, n + 1))) break;
        if (get(c, p, n)) { free(p); break; }
        uint32_t left = n;
        while (left) {                  /* at most 512 bytes turned round at a time, in place of a copy */
            unsigned char out[512];
            uint32_t k = 0;
            while (k < sizeof out && k < left) { out[k] = p[left - 1 - k]; k++; }
            ssize_t w = send(c, out, k, MSG_NOSIGNAL);
            if (w < 0 && errno == EINTR) continue;
            if (w < 0) break;
            left -= w;                  /* what did not go is turned round again */
        }
        free(p);
        if (left) break;
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2) { fprintf(stderr, "usage: %s PORT\n", argv[0]); return 1; }
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[1])), .sin6_addr = in6addr_any };
    int s = socket(AF_INET6, SOCK_STREAM, 0), yes = 1, no = 0;
    if (s < 0) { perror("socket"); return 1; }
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no)) { perror("IPV6_V6ONLY"); return 1; }
    if (bind(s, (struct sockaddr *)&a, sizeof a)) { perror("bind"); return 1; }
    if (listen(s, 10)) { perror("listen"); return 1; }
    for (;;) {
        struct sockaddr_in6 from;
        socklen_t size = sizeof from;
        char text[INET6_ADDRSTRLEN];
        int c = accept(s, (struct sockaddr *)&from, &size);
        if (c < 0) {
            if (errno != EINTR && errno != ECONNABORTED) nanosleep(&(struct timespec){ 0, 100000000 }, 0);
            continue;
        }
        printf("client %s\n", inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof text));
        dialogue(c);
        close(c);
    }
}
