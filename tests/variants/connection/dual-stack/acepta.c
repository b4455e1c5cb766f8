/* One IPv6 socket for both families; a child of its own for each client, which only closes the connection. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: acepta PORT BACKLOG\n");
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
    if (getaddrinfo(NULL, argv[1], &hints, &list))
        return fprintf(stderr, "getaddrinfo\n"), 2;
    int s = socket(AF_INET6, SOCK_STREAM, 0), yes = 1, no = 0;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(s, list->ai_addr, list->ai_addrlen) < 0 || listen(s, atoi(argv[2])) < 0) {
        perror("bind/listen");
        return 2;
    }
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int connection = accept(s, NULL, NULL);
        if (connection < 0) {
            struct timespec moment = {0, 10000000};
            nanosleep(&moment, NULL);
            continue;
        }
        if (fork() == 0) {
            close(connection);
            _exit(0);
        }
        close(connection);
    }
}
