#include "io.h"
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 2) return fprintf(stderr, "Uso: %s puerto\n", argv[0]), 1;
    for (int s = open_server(argv[1]);;) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            pause_or_go_on();
            continue;
        }
        talk_to(c);
        close(c);
    }
}
