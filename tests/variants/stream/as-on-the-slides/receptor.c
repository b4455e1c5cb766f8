/* As the course shows it: waits for Enter after listen and after each accept, and prints the read of 0 bytes too. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void pausa(const char *texto)
{
    int c;
    printf("%s; pulse Intro para continuar...\n", texto);
    while ((c = getchar()) != '\n' && c != EOF)
        ;
}

int main(int argc, char **argv)
{
    int s, s_conec, opcion = 1, tam, leido;
    long long total;
    char *buf;
    struct sockaddr_in dir;

    if (argc != 3) {
        fprintf(stderr, "Uso: %s puerto tam\n", argv[0]);
        exit(1);
    }
    if ((tam = atoi(argv[2])) < 1 || (buf = malloc(tam)) == NULL) {
        fprintf(stderr, "tam no valido\n");
        exit(1);
    }
    if ((s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) < 0) {
        perror("error creando socket");
        exit(1);
    }
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &opcion, sizeof(opcion));
    memset(&dir, 0, sizeof(dir));
    dir.sin_addr.s_addr = INADDR_ANY;
    dir.sin_port = htons(atoi(argv[1]));
    dir.sin_family = PF_INET;
    if (bind(s, (struct sockaddr *)&dir, sizeof(dir)) < 0) {
        perror("error en bind");
        exit(1);
    }
    if (listen(s, 5) < 0) {
        perror("error en listen");
        exit(1);
    }
    pausa("listen hecho");
    while (1) {
        if ((s_conec = accept(s, NULL, NULL)) < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                sleep(1);
            continue;
        }
        pausa("accept hecho");
        total = 0;
        do {
            while ((leido = recv(s_conec, buf, tam, 0)) < 0 && errno == EINTR)
                ;
            if (leido >= 0)
                printf("  Leído:%d\n", leido);
            if (leido > 0)
                total += leido;
        } while (leido > 0);
        if (leido < 0)
            perror("error en recv");
        printf("TOTAL de la conexión: %lld bytes\n", total);
        close(s_conec);
    }
}
