/* Process per client; SIGCHLD is handled with SA_RESTART and a waitpid loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <stdint.h>
#include <time.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <arpa/inet.h>

static void sigchld(int signo)
{
    int saved = errno;
    (void)signo;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

static int readn(int fd, void *vptr, size_t n)
{
    char *ptr = vptr;
    while (n > 0) {
        ssize_t nread = read(fd, ptr, n);
        if (nread < 0) {
            if (errno == EINTR)
                nread = 0;
            else
                return -1;
        } else if (nread == 0)
            return 0;
        n -= nread;
        ptr += nread;
    }
    return 1;
}

static int writen(int fd, const void *vptr, size_t n)
{
    const char *ptr = vptr;
    while (n > 0) {
        ssize_t nwritten = write(fd, ptr, n);
        if (nwritten < 0 && errno == EINTR)
            nwritten = 0;
        if (nwritten < 0)
            return -1;
        n -= nwritten;
        ptr += nwritten;
    }
    return 1;
}

static void child(int connfd)
{
    uint32_t len;
    char *in, *out;

    signal(SIGCHLD, SIG_DFL);
    while (readn(connfd, &len, sizeof len) == 1) {
        len = ntohl(len);
        if (len > (64u << 20))
            break;
        in = malloc(len + 1);
        out = malloc(len + 1);
        if (in == NULL || out == NULL)
            break;
        if (readn(connfd, in, len) != 1 && len != 0)
            break;
        for (uint32_t i = 0; i < len; i++)
            out[len - 1 - i] = in[i];
        if (writen(connfd, out, len) != 1)
            break;
        free(in);
        free(out);
    }
    exit(0);
}

int main(int argc, char **argv)
{
    int listenfd, connfd, on = 1;
    struct sockaddr_in servaddr;
    struct sigaction sa;
    pid_t pid;

    if (argc != 2) {
        fprintf(stderr, "usage: srv_rev_prc <port>\n");
        exit(1);
    }
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = sigchld;
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    sigaction(SIGCHLD, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);

    listenfd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listenfd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    memset(&servaddr, 0, sizeof servaddr);
    servaddr.sin_family = AF_INET;
    servaddr.sin_addr.s_addr = htonl(INADDR_ANY);
    servaddr.sin_port = htons(atoi(argv[1]));
    if (bind(listenfd, (struct sockaddr *)&servaddr, sizeof servaddr) < 0) {
        perror("bind error");
        exit(1);
    }
    if (listen(listenfd, 1024) < 0) {
        perror("listen error");
        exit(1);
    }
    for (;;) {
        connfd = accept(listenfd, NULL, NULL);
        if (connfd < 0) {
            if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) {
                struct timespec t = { 0, 100000000 };
                perror("accept error");
                nanosleep(&t, NULL);
            }
            continue;
        }
        fflush(stdout);
        if ((pid = fork()) == 0) {
            close(listenfd);
            child(connfd);
        }
        if (pid < 0)
            perror("fork error");
        close(connfd);
    }
}
