/* One IPv6 socket for both families, and read instead of recvfrom. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: receptor_dgram PORT SIZE\n");
        return 2;
    }
    long size = atol(argv[2]);
    char *buffer = malloc(size);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[1])), .sin6_addr = in6addr_any};
    int s = socket(AF_INET6, SOCK_DGRAM, 0), no = 0;
    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(s, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("bind");
        return 2;
    }
    for (;;) {
        long count = read(s, buffer, size);
        if (count >= 0)
            printf("leido %ld\n", count);
    }
}
