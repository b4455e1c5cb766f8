#include "io.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *hilo(void *p)
{
    int c = *(int *)p;
    free(p);
    talk_to(c);
    close(c);
    return NULL;
}

int main(int argc, char *argv[])
{
    if (argc != 2) return fprintf(stderr, "Uso: %s puerto\n", argv[0]), 1;
    int s = open_server(argv[1]);
    pthread_attr_t suelto;
    pthread_attr_init(&suelto);
    pthread_attr_setdetachstate(&suelto, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c == -1) {
            pause_or_go_on();
            continue;
        }
        int *p = malloc(sizeof c), e = -1;
        pthread_t t;
        if (p != NULL) {
            *p = c;
            e = pthread_create(&t, &suelto, hilo, p);
        }
        if (e != 0) {
            fprintf(stderr, "pthread_create: %s\n", e > 0 ? strerror(e) : "no memory");
            free(p);
            close(c);
        }
    }
}
