/* Waits in poll for clients and for their ends; the listening socket does not block. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int accept4(int, struct sockaddr *, socklen_t *, int);

#define MAX 500

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: acepta PORT BACKLOG\n");
        return 2;
    }
    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in dir = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(s, (struct sockaddr *)&dir, sizeof dir) || listen(s, atoi(argv[2]))) {
        perror("bind or listen");
        return 2;
    }
    fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK);
    static struct pollfd watched[MAX];
    watched[0] = (struct pollfd){s, POLLIN, 0};
    for (int count = 1;;) {
        if (poll(watched, count, -1) < 0)
            continue; /* EINTR */
        for (int i = count - 1; i > 0; i--) {
            char scrap[4096];
            if (watched[i].revents && read(watched[i].fd, scrap, sizeof scrap) <= 0) {
                close(watched[i].fd);
                watched[i] = watched[--count];
            }
        }
        if (watched[0].revents && count < MAX) {
            int client = accept4(s, NULL, NULL, SOCK_CLOEXEC);
            if (client >= 0)
                watched[count++] = (struct pollfd){client, POLLIN, 0};
            else if (errno == EMFILE || errno == ENFILE)
                poll(watched + 1, count - 1, 50);
        }
    }
}
