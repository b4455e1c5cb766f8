/* Servidor secuencial, con el nombre que le dan las transparencias. */
#include "comun.h"

int main(int argc, char *argv[])
{
    int s, s_conec;

    if (argc != 2) {
        fprintf(stderr, "Uso: %s puerto\n", argv[0]);
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
    s = create_socket_srv(atoi(argv[1]));
    while (1) {
        if ((s_conec = accept(s, NULL, NULL)) == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                usleep(100000);
            continue;
        }
        servicio(s_conec);
    }
}
