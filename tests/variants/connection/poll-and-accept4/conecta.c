/* Connects without blocking, and waits for the outcome in poll; ends the connection with shutdown. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: conecta HOST PORT\n");
        return 2;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *a;
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
        return 2;
    }
    for (a = list; a; a = a->ai_next) {
        int s = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        socklen_t size = sizeof error;
        fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK);
        error = connect(s, a->ai_addr, a->ai_addrlen) ? errno : 0;
        if (error == EINPROGRESS) {
            struct pollfd wanted = {s, POLLOUT, 0};
            while (poll(&wanted, 1, -1) < 0)
                ;
            getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
        }
        if (error == 0) {
            printf("¡Conectado!\n");
            shutdown(s, SHUT_RDWR);
            close(s);
            return 0;
        }
        close(s);
    }
    fprintf(stderr, "connect: %s\n", strerror(error));
    return 2;
}
