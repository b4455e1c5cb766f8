/* Prints a line on stdout for everything that happens, in parent and child. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <poll.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <arpa/inet.h>

static int pipefd[2];

static void avisa(int s)
{
    int e = errno;
    (void)s;
    (void)!write(pipefd[1], "", 1);
    errno = e;
}

static int lee(int fd, void *p, size_t n)
{
    size_t t = 0;
    while (t < n) {
        ssize_t r = recv(fd, (char *)p + t, n - t, 0);
        if (r == -1 && errno == EINTR)
            continue;
        if (r <= 0)
            return 0;
        t += r;
    }
    return 1;
}

static void hijo(int fd)
{
    uint32_t n;
    printf("hijo %d: comienza\n", (int)getpid());
    while (lee(fd, &n, 4)) {
        char *b;
        size_t t = 0;
        n = ntohl(n);
        printf("hijo %d: peticion de %u bytes\n", (int)getpid(), n);
        if (n > 64 * 1024 * 1024)
            break;
        b = malloc(n + 1);
        if (b == NULL || !lee(fd, b, n))
            break;
        for (uint32_t i = 0; i < n / 2; i++) {
            char c = b[i];
            b[i] = b[n - 1 - i];
            b[n - 1 - i] = c;
        }
        while (t < n) {
            ssize_t w = send(fd, b + t, n - t, MSG_NOSIGNAL);
            if (w == -1 && errno == EINTR)
                continue;
            if (w == -1)
                break;
            t += w;
        }
        free(b);
        if (t < n)
            break;
        printf("hijo %d: respondida\n", (int)getpid());
    }
    printf("hijo %d: termina\n", (int)getpid());
    exit(0);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in d = { 0 };
    struct sigaction a = { 0 };
    int s, uno = 1;

    if (argc != 2) {
        fprintf(stderr, "Uso: %s puerto\n", argv[0]);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);       /* a line at a time, even into a pipe */
    if (pipe(pipefd) == -1) {
        perror("pipe");
        return 1;
    }
    a.sa_handler = avisa;
    a.sa_flags = SA_RESTART;
    sigaction(SIGCHLD, &a, NULL);
    s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &uno, sizeof uno);
    d.sin_family = AF_INET;
    d.sin_port = htons(atoi(argv[1]));
    if (bind(s, (struct sockaddr *)&d, sizeof d) == -1) {
        perror("bind");
        return 1;
    }
    if (listen(s, 32) == -1) {
        perror("listen");
        return 1;
    }
    printf("servidor %d: escuchando en %s\n", (int)getpid(), argv[1]);
    for (;;) {
        struct pollfd p[2] = { { s, POLLIN, 0 }, { pipefd[0], POLLIN, 0 } };
        if (poll(p, 2, -1) == -1)
            continue;
        if (p[1].revents) {
            char nada[64];
            pid_t h;
            (void)!read(pipefd[0], nada, sizeof nada);
            while ((h = waitpid(-1, NULL, WNOHANG)) > 0)
                printf("servidor: el hijo %d ha terminado\n", (int)h);
        }
        if (p[0].revents) {
            int c = accept(s, NULL, NULL);
            if (c == -1) {
                printf("servidor: accept: %s\n", strerror(errno));
                if (errno != EINTR && errno != ECONNABORTED)
                    poll(NULL, 0, 100);
                continue;
            }
            printf("servidor: cliente nuevo\n");
            fflush(stdout);
            switch (fork()) {
            case -1:
                perror("fork");
                break;
            case 0:
                close(s);
                close(pipefd[0]);
                close(pipefd[1]);
                signal(SIGCHLD, SIG_DFL);
                hijo(c);
            }
            close(c);
        }
    }
}
