/* As the course shows it: recv with MSG_WAITALL, in a loop for the sake of signals. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads until len bytes are there or the stream ends. */
static ssize_t readn(int fd, char *p, size_t len)
{
    size_t quedan = len;
    while (quedan > 0) {
        ssize_t n = recv(fd, p, quedan, MSG_WAITALL);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (n == 0)
            break;
        quedan -= n;
        p += n;
    }
    return len - quedan;
}

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
        long total = 0, leido;
        while ((leido = readn(s_conec, buf, tam)) > 0) {
            printf("Leído %ld\n", leido);
            total += leido;
        }
        printf("leido 0\n");
        printf("Total: %ld\n", total);
        close(s_conec);
    }
}
