/* A process for each client; one source for the three ways; openat below a descriptor of the directory. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int top;
static char request[20000];

static bool sent(int s, const void *p, size_t n, int flags)
{
    for (ssize_t r; n > 0; p = (const char *)p + r, n -= r)
        while ((r = send(s, p, n, flags)) < 0)
            if (errno != EINTR)
                return false;
    return true;
}

static void read_send(int s, int f, off_t size, char *header)
{
    struct stat st;
    fstat(f, &st);
    char buf[st.st_blksize];
    if (!sent(s, header, strlen(header), MSG_MORE))
        return;
    while (size > 0) {
        ssize_t n = pread(f, buf, size < (off_t)sizeof buf ? (size_t)size : sizeof buf, st.st_size - size);
        if (n <= 0 || !sent(s, buf, n, size == n ? 0 : MSG_MORE))
            return;
        size -= n;
    }
}

static void mmap_writev(int s, int f, off_t size, char *header)
{
    char *p = size ? mmap(NULL, size, PROT_READ, MAP_SHARED, f, 0) : header;
    if (p == MAP_FAILED)
        return;
    struct iovec iov[3] = {{header, 9}, {header + 9, strlen(header) - 9}, {p, size}};
    int i = 0;
    while (i < 3) {
        struct msghdr m = {.msg_iov = iov + i, .msg_iovlen = 3 - i};
        ssize_t n = sendmsg(s, &m, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        while (i < 3 && (size_t)n >= iov[i].iov_len)
            n -= iov[i++].iov_len;
        if (i < 3) {
            iov[i].iov_base = (char *)iov[i].iov_base + n;
            iov[i].iov_len -= n;
        }
    }
}

static void sendfile_(int s, int f, off_t size, char *header)
{
    off_t at = 0;
    if (!sent(s, header, strlen(header), MSG_MORE))
        return;
    while (at < size) {
        size_t most = size - at > 1 << 20 ? 1 << 20 : size - at;
        ssize_t n = sendfile(s, f, &at, most);
        if (n == 0 || (n < 0 && errno != EINTR))
            return;
    }
}

#define GLUE(x) serve_##x
#define NAME(x) GLUE(x)
#define serve_read_send read_send
#define serve_mmap_writev mmap_writev
#define serve_sendfile sendfile_

static void serve(int s)
{
    size_t len = 0;
    char *end;
    for (;;) {
        if (len == sizeof request - 1) {
            sent(s, "HTTP/1.1 414 Long\r\nContent-Length: 0\r\n\r\n", 40, 0);
            return;
        }
        ssize_t n = recv(s, request + len, sizeof request - 1 - len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        len += n;
        if ((end = memmem(request, len, "\r\n\r\n", 4)))
            break;
    }
    *end = 0;
    if (strncmp(request, "GET ", 4) && strncmp(request, "HEAD ", 5)) {
        bool method = strstr(request, " HTTP/1.") != NULL;
        char *words = method ? "HTTP/1.1 501 No\r\nContent-Length: 3\r\n\r\nno\n" : "HTTP/1.1 400 No\r\nContent-Length: 3\r\n\r\nno\n";
        sent(s, words, strlen(words), 0);
        return;
    }
    bool head = request[0] == 'H';
    char *path = strchr(request, ' ') + 1, *version = strstr(path, " HTTP/1.");
    if (!version || path[0] != '/') {
        sent(s, "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", 38, 0);
        return;
    }
    *version = 0;
    char name[sizeof request], *q = name;
    for (char *p = path; *p && *p != '?';) {
        unsigned code;
        if (*p == '%' && isxdigit(p[1]) && isxdigit(p[2]) && sscanf(p, "%%%2x", &code) == 1) {
            *q++ = code;
            p += 3;
        } else
            *q++ = *p++;
    }
    *q = 0;
    char real[PATH_MAX], here[PATH_MAX], full[sizeof name + PATH_MAX];
    struct stat st;
    int f = -1;
    if (getcwd(here, sizeof here)) {
        sprintf(full, "%s/%s", here, name);
        if (realpath(full, real) && strncmp(real, here, strlen(here)) == 0 && real[strlen(here)] == '/')
            f = openat(top, real + strlen(here) + 1, O_RDONLY);
    }
    if (f < 0 || fstat(f, &st) < 0 || !S_ISREG(st.st_mode)) {
        char *words = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 10\r\n\r\nnot found\n";
        sent(s, words, strlen(words) - (head ? 10 : 0), 0);
        return;
    }
    char header[200];
    sprintf(header, "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %jd\r\n\r\n", (intmax_t)st.st_size);
    NAME(HOW)(s, f, head ? 0 : st.st_size, header);
}

int main(int argc, char **argv)
{
    int one = 1, s;
    if (argc != 2) {
        fputs("usage: PORT\n", stderr);
        return 1;
    }
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[1]))};
    s = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    top = open(".", O_RDONLY | O_DIRECTORY);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (void *)&a, sizeof a) || listen(s, 100)) {
        perror("bind or listen");
        return 1;
    }
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c < 0) {
            if (errno != EINTR && errno != ECONNABORTED)
                poll(NULL, 0, 50);
            continue;
        }
        if (fork() == 0) {
            close(s);
            serve(c);
            shutdown(c, SHUT_WR);
            char rest[65536];
            while (read(c, rest, sizeof rest) > 0)
                ;
            _exit(0);
        }
        close(c);
    }
}
