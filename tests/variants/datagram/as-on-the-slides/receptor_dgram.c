/* As the course shows it: waits for Enter after bind, and tells who sent what. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
    int s, leido, c;
    unsigned int tam_dir;
    struct sockaddr_in dir, dir_cliente;
    char *buf;

    if (argc != 3) {
        fprintf(stderr, "Uso: %s puerto tam_recibir\n", argv[0]);
        exit(1);
    }
    buf = malloc(atoi(argv[2]));
    if ((s = socket(PF_INET, SOCK_DGRAM, IPPROTO_UDP)) < 0) {
        perror("error creando socket");
        exit(1);
    }
    memset(&dir, 0, sizeof(dir));
    dir.sin_addr.s_addr = INADDR_ANY;
    dir.sin_port = htons(atoi(argv[1]));
    dir.sin_family = PF_INET;
    if (bind(s, (struct sockaddr *)&dir, sizeof(dir)) < 0) {
        perror("error en bind");
        exit(1);
    }
    printf("pulse Intro para empezar\n");
    while ((c = getchar()) != '\n' && c != EOF)
        ;
    while (1) {
        tam_dir = sizeof(dir_cliente);
        leido = recvfrom(s, buf, atoi(argv[2]), 0, (struct sockaddr *)&dir_cliente, &tam_dir);
        if (leido < 0) {
            perror("error en recvfrom");
            continue;
        }
        printf("Mensaje de %s puerto %d.  LEÍDO: %d bytes\n", inet_ntoa(dir_cliente.sin_addr), ntohs(dir_cliente.sin_port), leido);
    }
}
