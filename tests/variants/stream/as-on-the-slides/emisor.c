/* As the course shows it: waits for Enter after connect. One write. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int s, c, error;
    long tam;
    ssize_t escrito;
    char *buf;
    struct addrinfo pistas, *res;

    if (argc != 4) {
        fprintf(stderr, "Uso: %s maquina puerto tam\n", argv[0]);
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
    tam = atol(argv[3]);
    if (tam < 1 || (buf = malloc(tam)) == NULL) {
        fprintf(stderr, "tam no valido\n");
        exit(1);
    }
    memset(buf, 'x', tam);
    memset(&pistas, 0, sizeof(pistas));
    pistas.ai_family = AF_INET;
    pistas.ai_socktype = SOCK_STREAM;
    if ((error = getaddrinfo(argv[1], argv[2], &pistas, &res)) != 0) {
        fprintf(stderr, "error en getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    if ((s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) < 0) {
        perror("error creando socket");
        exit(1);
    }
    if (connect(s, res->ai_addr, res->ai_addrlen) < 0) {
        perror("error en connect");
        exit(1);
    }
    printf("connect hecho; pulse Intro para continuar...\n");
    while ((c = getchar()) != '\n' && c != EOF)
        ;
    while ((escrito = write(s, buf, tam)) < 0 && errno == EINTR)
        ;
    if (escrito < 0) {
        perror("error en write");
        exit(1);
    }
    printf("escrito: %zd\n", escrito);
    close(s);
    return 0;
}
