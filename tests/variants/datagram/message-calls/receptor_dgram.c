/* poll and recvmsg on a socket that does not block; tells when a datagram was cut, by how much it cannot know. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: receptor_dgram PORT SIZE\n");
        return 2;
    }
    size_t size = strtoul(argv[2], NULL, 10);
    struct iovec part = {malloc(size), size};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(s, (struct sockaddr *)&address, sizeof address)) {
        perror("bind");
        return 2;
    }
    fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK);
    for (;;) {
        struct pollfd wanted = {s, POLLIN, 0};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t count;
        poll(&wanted, 1, -1);
        while ((count = recvmsg(s, &message, 0)) >= 0)
            printf("Leido = %zd%s\n", count, message.msg_flags & MSG_TRUNC ? " (truncado)" : "");
        if (errno != EAGAIN && errno != EINTR)
            perror("recvmsg");
    }
}
