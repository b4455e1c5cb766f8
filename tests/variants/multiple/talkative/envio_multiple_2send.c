/* Says much, in its own words; gethostbyname, write, MSG_NOSIGNAL not used: SIGPIPE is caught by a handler. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void nada(int senal) { (void)senal; }

int main(int argc, char *argv[]) {
    if (argc != 5) {
        fprintf(stderr, "Uso: %s máquina puerto dato1 dato2\n", argv[0]);
        return 2;
    }
    struct hostent *maquina = gethostbyname(argv[1]);
    if (maquina == NULL) {
        fprintf(stderr, "gethostbyname: no existe %s\n", argv[1]);
        return 3;
    }
    signal(SIGPIPE, nada);
    struct sockaddr_in dir = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    memcpy(&dir.sin_addr, maquina->h_addr_list[0], maquina->h_length);
    int s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (s < 0 || connect(s, (struct sockaddr *)&dir, sizeof dir) < 0) {
        perror("error en connect");
        return 4;
    }
    printf("Conectado a %s, puerto %s\n", argv[1], argv[2]);
    for (int i = 3; i < 5; i++) {
        int total = strlen(argv[i]), hecho = 0;
        do {
            int n = write(s, argv[i] + hecho, total - hecho);
            if (n < 0) {
                perror("error en write");
                return 5;
            }
            hecho += n;
        } while (hecho < total);
        printf("  Dato %d: ESCRITO:   %d bytes (de %d)\n", i - 2, hecho, total);
    }
    printf("Adiós\n");
    return 0; /* the end of the process closes the socket */
}
