/* As the course shows it: waits for Enter at each step, and keeps every connection open. */
#include <errno.h>
#include <netinet/in.h>
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
    int s, s_conec, opcion = 1;
    unsigned int tam_dir;
    struct sockaddr_in dir, dir_cliente;

    if (argc != 3) {
        fprintf(stderr, "Uso: %s puerto val_listen\n", argv[0]);
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
    pausa("bind hecho");
    if (listen(s, atoi(argv[2])) < 0) {
        perror("error en listen");
        exit(1);
    }
    pausa("listen hecho");
    while (1) {
        tam_dir = sizeof(dir_cliente);
        if ((s_conec = accept(s, (struct sockaddr *)&dir_cliente, &tam_dir)) < 0) {
            perror("error en accept");
            if (errno == EMFILE)
                sleep(1);
            continue;
        }
        printf("conexión aceptada: descriptor %d\n", s_conec);
        pausa("accept hecho");
    }
}
