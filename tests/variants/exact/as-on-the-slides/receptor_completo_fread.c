/* As the course shows it: fdopen and fread of items of one byte, with a larger buffer. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>


int main(int argc, char **argv)
{
    int s, s_conec, opcion = 1, tam;
    struct sockaddr_in dir;

    if (argc != 3 || (tam = atoi(argv[2])) < 1) {
        fprintf(stderr, "Uso: %s puerto tam\n", argv[0]);
        exit(1);
    }
    setlinebuf(stdout);
    char *buf = malloc(tam);
    if (buf == NULL) {
        perror("error en malloc");
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
    while (1) {
        if ((s_conec = accept(s, NULL, NULL)) < 0) {
            if (errno == EMFILE || errno == ENFILE)
                sleep(1);
            continue;
        }
        FILE *f = fdopen(s_conec, "r+");
        if (f == NULL) {
            perror("error en fdopen");
            close(s_conec);
            continue;
        }
        setvbuf(f, NULL, _IOFBF, 1 << 16);
        long total = 0;
        size_t leido, falta = tam;
        for (;;) {
            errno = 0;
            leido = fread(buf + (tam - falta), 1, falta, f);
            if (leido < falta && ferror(f) && errno == EINTR) {
                clearerr(f);
                falta -= leido;
                continue;
            }
            leido += tam - falta;
            falta = tam;
            if (leido == 0 || ferror(f))
                break;
            printf("leido %zu\n", leido);
            total += leido;
        }
        printf("total %ld\n", total);
        fclose(f);
    }
}
