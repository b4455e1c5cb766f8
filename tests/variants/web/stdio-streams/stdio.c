/* The connection read with stdio, the file with fread; other words in the header; waits for the client to close. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int next(FILE *f)
{
    int c;
    errno = 0;
    while ((c = getc(f)) == EOF && errno == EINTR) {
        clearerr(f);
        errno = 0;
    }
    return c;
}

/* A line without its end: its length, -1 at end of file or when it is too long. */
static int line(FILE *f, char *buf, int size)
{
    int n = 0, c;
    while ((c = next(f)) != EOF && c != '\n') {
        if (n == size - 1)
            return -1;
        buf[n++] = c;
    }
    if (c == EOF)
        return -1;
    if (n > 0 && buf[n - 1] == '\r')
        n--;
    buf[n] = '\0';
    return n;
}

static int all(int s, const char *p, size_t n, int flags)
{
    while (n > 0) {
        ssize_t r = send(s, p, n, flags | MSG_NOSIGNAL);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        p += r;
        n -= r;
    }
    return 0;
}

static void status(int s, const char *text)
{
    char buf[300];
    sprintf(buf, "HTTP/1.0 %s\r\nServer: stdio\r\n\r\n<h1>%s</h1>", text, text);
    all(s, buf, strlen(buf), 0);
}

static void serve(int s, FILE *in)
{
    char first[4000], other[4000], method[4000], path[4000], version[4000], header[200];
    struct stat st;

    int n = line(in, first, sizeof first);
    if (n < 0)
        return;
    printf("peticion: %s\n", first);
    do
        n = line(in, other, sizeof other);
    while (n > 0);
    if (n < 0)
        return;
    if (strlen(first) == 0 || sscanf(first, "%s %s %s", method, path, version) != 3 || strncmp(version, "HTTP/1.", 7) != 0 ||
        path[0] != '/') {
        status(s, "400 Que?");
        return;
    }
    if (strcmp(method, "GET") != 0) {
        status(s, "405 Solo GET");
        return;
    }
    if (strstr(path, "..")) {
        status(s, "404 No");
        return;
    }
    char name[5000];
    snprintf(name, sizeof name, ".%s", path);
    if (stat(name, &st) != 0 || !S_ISREG(st.st_mode)) {
        status(s, "404 No esta");
        return;
    }
    FILE *f = fopen(name, "rb");
    if (f == NULL) {
        status(s, "500 No se abre");
        return;
    }
    sprintf(header, "HTTP/1.0 200 Correcto\r\ncontent-length:%lld\r\nX-Empty:\r\n\r\n", (long long)st.st_size);
    if (all(s, header, strlen(header), st.st_size > 0 ? MSG_MORE : 0) == 0) {
        off_t left = st.st_size;
#ifdef SENDFILE
        while (left > 0) {
            ssize_t r = sendfile(s, fileno(f), NULL, left);
            if (r < 0 && errno == EINTR)
                continue;
            if (r <= 0)
                break;
            left -= r;
        }
#else
        static char buf[30000];
        while (left > 0) {
            size_t r = fread(buf, 1, left < (off_t)sizeof buf ? left : (off_t)sizeof buf, f);
            if (r == 0 || all(s, buf, r, 0) < 0)
                break;
            left -= r;
        }
#endif
    }
    fclose(f);
}

int main(int argc, char **argv)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = INADDR_ANY};
    int yes = 1, s = -1;

    if (argc != 2) {
        fprintf(stderr, "uso: %s puerto\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    a.sin_port = htons(atoi(argv[1]));
    if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(s, (struct sockaddr *)&a, sizeof a) < 0 || listen(s, 5) < 0) {
        perror("bind");
        return 1;
    }
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c < 0) {
            perror("accept");
            usleep(20000);
            continue;
        }
        FILE *in = fdopen(c, "r");
        serve(c, in);
        shutdown(c, SHUT_WR);
        errno = 0;
        char rest[4096];
        ssize_t r;
        while ((r = read(c, rest, sizeof rest)) > 0 || (r < 0 && errno == EINTR))
            ;
        fclose(in);
    }
}
