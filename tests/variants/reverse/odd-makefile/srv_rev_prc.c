#include "io.h"
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 2) return fprintf(stderr, "Uso: %s puerto\n", argv[0]), 1;
    struct sigaction a = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
    sigaction(SIGCHLD, &a, NULL);
    for (int s = open_server(argv[1]);;) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            pause_or_go_on();
            continue;
        }
        pid_t h = fork();
        if (h == 0) {
            close(s);
            talk_to(c);
            close(c);
            return 0;
        }
        if (h == -1) perror("fork");
        close(c);
    }
}
