/* Shows its progress on stderr twice a second, from a handler of SIGALRM: so calls are interrupted
 * all the time. sendmsg for header and data. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile sig_atomic_t moved;

static void progress(int sig)
{
    static const char dots[] = "....................";
    int e = errno, n = moved < 20 ? (int)moved : 20;
    (void)sig;
    if (n && write(2, dots, n) < 0) { }
    errno = e;
}

static void interrupted(int sig)
{
    (void)sig;
    static const char text[] = "\ninterrupted\n";
    if (write(2, text, sizeof text - 1) < 0) { }
    _exit(130);
}

static int check(int value, const char *what)
{
    if (value == -1) {
        perror(what);
        exit(EXIT_FAILURE);
    }
    return value;
}

static void request(int s, struct iovec *v, int n)
{
    while (n > 0) {
        struct msghdr m = { .msg_iov = v, .msg_iovlen = n };
        ssize_t k = sendmsg(s, &m, MSG_NOSIGNAL);
        if (k == -1 && errno == EINTR) continue;
        check(k, "sendmsg");
        moved++;
        while (n > 0 && (size_t)k >= v->iov_len) {
            k -= v->iov_len;
            v++;
            n--;
        }
        if (n > 0) {
            v->iov_base = (char *)v->iov_base + k;
            v->iov_len -= k;
        }
    }
}

int main(int argc, char *argv[])
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s HOST PORT FILE...\n", argv[0]);
        return EXIT_FAILURE;
    }
    struct sigaction a = { .sa_handler = progress }, b = { .sa_handler = interrupted };
    sigaction(SIGALRM, &a, NULL);
    sigaction(SIGINT, &b, NULL);
    sigaction(SIGTERM, &b, NULL);
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *r;
    int e = getaddrinfo(argv[1], argv[2], &hints, &r);
    if (e != 0) {
        fprintf(stderr, "getaddrinfo: %s: %s\n", argv[1], gai_strerror(e));
        return EXIT_FAILURE;
    }
    int s = check(socket(r->ai_family, r->ai_socktype, r->ai_protocol), "socket");
    check(connect(s, r->ai_addr, r->ai_addrlen), "connect");
    freeaddrinfo(r);
    struct itimerval t = { { 0, 500000 }, { 0, 500000 } };
    setitimer(ITIMER_REAL, &t, NULL);

    int result = EXIT_SUCCESS;
    for (char **name = argv + 3; *name; name++) {
        struct stat st;
        int f = open(*name, O_RDONLY | O_CLOEXEC);
        if (f == -1 || fstat(f, &st) == -1) {
            perror(*name);
            result = EXIT_FAILURE;
            if (f != -1) close(f);
            continue;
        }
        uint32_t n = (uint32_t)st.st_size, header = htonl(n);
        char *in = n ? mmap(NULL, n, PROT_READ, MAP_SHARED, f, 0) : NULL;
        close(f);
        if (in == MAP_FAILED) {
            perror("mmap");
            result = EXIT_FAILURE;
            continue;
        }
        struct iovec v[2] = { { &header, 4 }, { in, n } };
        request(s, v, n ? 2 : 1);
        if (n) munmap(in, n);

        char *out = malloc(n + 1);
        if (out == NULL) {
            perror("malloc");
            return EXIT_FAILURE;
        }
        for (uint32_t got = 0; got < n;) {
            ssize_t k = recv(s, out + got, n - got, MSG_WAITALL);
            if (k == -1 && errno == EINTR) continue;
            check(k, "recv");
            if (k == 0) {
                fprintf(stderr, "recv: the server has closed\n");
                return EXIT_FAILURE;
            }
            got += k;
            moved++;
        }
        for (uint32_t put = 0; put < n;) {
            ssize_t k = write(STDOUT_FILENO, out + put, n - put);
            if (k == -1 && errno == EINTR) continue;
            put += check(k, "write");
        }
        free(out);
    }
    close(s);
    return result;
}
