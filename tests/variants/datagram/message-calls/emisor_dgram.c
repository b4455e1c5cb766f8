/* One sendmsg that gathers the datagram from two halves. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: emisor_dgram HOST PORT SIZE\n");
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *to;
    int error = getaddrinfo(argv[1], argv[2], &hints, &to);
    if (error) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
        return 2;
    }
    size_t size = strtoul(argv[3], NULL, 10);
    if (size == 0) {
        fprintf(stderr, "SIZE must be at least 1\n");
        return 2;
    }
    char *text = malloc(size);
    memset(text, 'x', size);
    struct iovec halves[2] = {{text, size / 2}, {text + size / 2, size - size / 2}};
    struct msghdr message = {.msg_name = to->ai_addr, .msg_namelen = to->ai_addrlen, .msg_iov = halves, .msg_iovlen = 2};
    ssize_t count = sendmsg(socket(AF_INET, SOCK_DGRAM, 0), &message, 0);
    if (count < 0) {
        perror("sendmsg");
        return 2;
    }
    printf("%zd bytes: escrito\n", count);
    return 0;
}
