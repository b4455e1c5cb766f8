/* srv_rev_prc PORT: reverse server, one process per client.
 * The children never close the listening socket: they just do not use it. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST (64u << 20)

static void reap(int number)
{
    int saved = errno;
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = saved;
}

static size_t read_n(int fd, void *buffer, size_t wanted)
{
    size_t have = 0;
    while (have < wanted) {
        ssize_t n = read(fd, (char *)buffer + have, wanted - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    return have;
}

static int write_n(int fd, const void *buffer, size_t length)
{
    const char *p = buffer;
    while (length > 0) {
        ssize_t n = send(fd, p, length, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        p += n;
        length -= (size_t)n;
    }
    return 0;
}

static void serve(int fd)
{
    uint32_t net;
    while (read_n(fd, &net, sizeof net) == sizeof net) {
        size_t length = ntohl(net);
        if (length == 0)
            continue;
        char *in, *out;
        if (length > LARGEST || (in = malloc(length)) == NULL)
            return;
        if ((out = malloc(length)) == NULL) {
            free(in);
            return;
        }
        int ok = read_n(fd, in, length) == length;
        if (ok) {
            for (size_t i = 0; i < length; i++)
                out[length - 1 - i] = in[i];
            ok = write_n(fd, out, length) == 0;
        }
        free(in);
        free(out);
        if (!ok)
            return;
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        exit(2);
    }

    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = reap;
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = SA_RESTART;
    sigaction(SIGCHLD, &sa, NULL);

    int s = socket(PF_INET, SOCK_STREAM, 0);
    if (s < 0) {
        perror("socket");
        exit(1);
    }
    int on = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in me = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = INADDR_ANY};
    if (bind(s, (struct sockaddr *)&me, sizeof me) < 0) {
        perror("bind");
        exit(1);
    }
    if (listen(s, 5) < 0) {
        perror("listen");
        exit(1);
    }

    while (1) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        int c = accept(s, (struct sockaddr *)&peer, &size);
        if (c < 0) {
            if (errno != EINTR && errno != ECONNABORTED) {
                perror("accept");
                usleep(50000);
            }
            continue;
        }
        switch (fork()) {
        case -1:
            perror("fork");
            break;
        case 0:
            serve(c);
            _exit(0);
        }
        close(c);
    }
}
