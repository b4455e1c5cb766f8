/* The file is copied behind its length into one buffer, and one send takes both. */
#include <netdb.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char *argv[])
{
    if (argc < 4) {
        fprintf(stderr, "Usage: %s host port file...\n", argv[0]);
        return 1;
    }
    struct hostent *h = gethostbyname(argv[1]);
    if (h == NULL) {
        herror(argv[1]);
        return 1;
    }
    struct sockaddr_in a;
    memset(&a, 0, sizeof a);
    a.sin_family = h->h_addrtype;
    memcpy(&a.sin_addr, h->h_addr_list[0], h->h_length);
    a.sin_port = htons(atoi(argv[2]));
    int s = socket(PF_INET, SOCK_STREAM, 0);
    if (s < 0) die("socket");
    if (connect(s, (struct sockaddr *)&a, sizeof a) < 0) die("connect");

    for (int i = 3; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f) die(argv[i]);
        /* read in pieces: no need to know the size beforehand */
        size_t len = 0, cap = 1 << 16;
        unsigned char *msg = malloc(4 + cap);
        if (!msg) die("malloc");
        for (size_t n; (n = fread(msg + 4 + len, 1, cap - len, f)) > 0;) {
            len += n;
            if (len == cap && !(msg = realloc(msg, 4 + (cap *= 2)))) die("realloc");
        }
        if (ferror(f)) die(argv[i]);
        fclose(f);
        if (len > UINT32_MAX) {
            fprintf(stderr, "%s: too large\n", argv[i]);
            return 1;
        }
        uint32_t net = htonl((uint32_t)len);
        memcpy(msg, &net, 4);
        for (size_t sent = 0; sent < len + 4;) {
            ssize_t n = send(s, msg + sent, len + 4 - sent, MSG_NOSIGNAL);
            if (n < 0 && errno != EINTR) die("send");
            if (n > 0) sent += n;
        }
        for (size_t got = 0; got < len;) {
            ssize_t n = recv(s, msg + got, len - got, 0);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) die("recv");
            if (n == 0) {
                fprintf(stderr, "%s: the reply ended after %zu bytes\n", argv[i], got);
                return 1;
            }
            got += n;
        }
        if (fwrite(msg, 1, len, stdout) != len) die("fwrite");
        free(msg);
    }
    close(s);
    if (fflush(stdout) == EOF) die("fflush");
    return 0;
}
