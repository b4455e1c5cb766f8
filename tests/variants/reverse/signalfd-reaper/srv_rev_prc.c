/* The parent is a small event loop over the listener and a signalfd for SIGCHLD; the service itself
 * is one process per client, and the parent keeps a table of who serves whom. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct kid {
    struct kid *next;
    pid_t pid;
    char from[INET_ADDRSTRLEN];
};
static struct kid *kids;

static void collect(int sfd)
{
    struct signalfd_siginfo info;
    while (read(sfd, &info, sizeof info) == sizeof info)
        ;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (struct kid **k = &kids; *k; k = &(*k)->next)
            if ((*k)->pid == pid) {
                struct kid *gone = *k;
                *k = gone->next;
                if (WIFSIGNALED(status))
                    fprintf(stderr, "the process for %s: %s\n", gone->from, strsignal(WTERMSIG(status)));
                free(gone);
                break;
            }
}

static ssize_t take(int fd, void *p, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t r = TEMP_FAILURE_RETRY(read(fd, (char *)p + done, n - done));
        if (r <= 0) break;
        done += r;
    }
    return done;
}

_Noreturn static void serve(int fd)
{
    unsigned size;
    while (take(fd, &size, 4) == 4) {
        size = ntohl(size);
        if (size > 64 << 20) _exit(1);
        if (size == 0) continue;
        /* anonymous memory instead of malloc: given back whole after each request */
        unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) _exit(1);
        if (take(fd, p, size) != size) _exit(0);
        for (unsigned i = 0; i < size / 2; i++) {
            unsigned char t = p[i];
            p[i] = p[size - i - 1];
            p[size - i - 1] = t;
        }
        for (size_t done = 0; done < size;) {
            ssize_t w = TEMP_FAILURE_RETRY(send(fd, p + done, size - done, MSG_NOSIGNAL));
            if (w < 0) _exit(0);
            done += w;
        }
        munmap(p, size);
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "%s PORT\n", argv[0]);
        return 2;
    }
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &before);
    int sfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    int lfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int yes = 1;
    setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    if (bind(lfd, (struct sockaddr *)&a, sizeof a) < 0 || listen(lfd, 128) < 0) {
        perror(argv[0]);
        return 1;
    }
    int timeout = -1;
    for (;;) {
        struct pollfd p[2] = { { sfd, POLLIN, 0 }, { timeout < 0 ? lfd : -1, POLLIN, 0 } };
        if (poll(p, 2, timeout) < 0) continue;
        timeout = -1;
        if (p[0].revents) collect(sfd);
        if (!p[1].revents) continue;

        struct sockaddr_in from;
        socklen_t len = sizeof from;
        int fd = accept(lfd, (struct sockaddr *)&from, &len);   /* blocking: flags are not inherited */
        if (fd < 0) {
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) timeout = 100;
            continue;
        }
        struct kid *k = malloc(sizeof *k);
        if (k == NULL) {
            close(fd);
            continue;
        }
        inet_ntop(AF_INET, &from.sin_addr, k->from, sizeof k->from);
        k->pid = fork();
        if (k->pid == 0) {
            sigprocmask(SIG_SETMASK, &before, NULL);
            close(lfd);
            close(sfd);
            serve(fd);
        }
        close(fd);
        if (k->pid < 0) {
            perror("fork");
            free(k);
            continue;
        }
        k->next = kids;
        kids = k;
    }
}
