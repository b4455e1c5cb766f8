/* A detached thread reads from each client until it goes; the main thread accepts at once again. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void *client(void *argument)
{
    int connection = (int)(intptr_t)argument;
    char scrap[1000];
    write(connection, "Bienvenido\n", 11);
    while (read(connection, scrap, sizeof scrap) > 0)
        ;
    close(connection);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: acepta PORT BACKLOG\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(s, (struct sockaddr *)&address, sizeof address)) {
        perror("bind");
        return 2;
    }
    if (listen(s, atoi(argv[2]))) {
        perror("listen");
        return 2;
    }
    for (;;) {
        pthread_t thread;
        int connection = accept(s, NULL, NULL);
        if (connection < 0) {
            if (errno != EINTR && errno != ECONNABORTED)
                usleep(20000);
            continue;
        }
        if (pthread_create(&thread, NULL, client, (void *)(intptr_t)connection))
            close(connection);
        else
            pthread_detach(thread);
    }
}
