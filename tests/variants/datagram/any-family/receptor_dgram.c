/* As books show it: getaddrinfo gives the addresses to bind to, of whatever family, and the first that works is taken.
 * To put them in order the library asks the kernel by a netlink socket, which it binds, writes to and reads. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT SIZE\n", argv[0]);
        return 1;
    }
    size_t size = strtoul(argv[2], NULL, 10);
    char *buffer = malloc(size > 0 ? size : 1);
    struct addrinfo hints, *list, *each;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_PASSIVE;
    int error = getaddrinfo(NULL, argv[1], &hints, &list);
    if (error != 0 || buffer == NULL) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    int s = -1;
    for (each = list; each != NULL; each = each->ai_next) {
        s = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (s == -1)
            continue;
        if (bind(s, each->ai_addr, each->ai_addrlen) == 0)
            break;
        close(s);
        s = -1;
    }
    freeaddrinfo(list);
    if (s == -1) {
        perror("bind");
        return 1;
    }
    for (;;) {
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(s, buffer, size, 0, (struct sockaddr *)&from, &length);
        if (n >= 0) {
            printf("leido %zd\n", n);
            fflush(stdout);
        }
    }
}
