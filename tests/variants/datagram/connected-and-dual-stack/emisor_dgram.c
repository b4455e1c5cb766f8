/* connect and write: for a single datagram that is the same. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: emisor_dgram HOST PORT SIZE\n");
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *to;
    int error = getaddrinfo(argv[1], argv[2], &hints, &to);
    if (error) {
        fprintf(stderr, "%s: %s\n", argv[1], gai_strerror(error));
        return 2;
    }
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    long size = atol(argv[3]), count;
    if (connect(s, to->ai_addr, to->ai_addrlen) < 0 || (count = write(s, calloc(size + 1, 1), size)) < 0) {
        perror("write");
        return 2;
    }
    printf("escrito %ld\n", count);
    return 0;
}
