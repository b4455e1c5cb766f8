/* servidor inverso por eventos, con select() */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/select.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <errno.h>

enum estado { LIBRE, CABECERA, DATOS, RESPUESTA };

struct cliente {
    enum estado estado;
    uint32_t cab;
    size_t leidos;
    char *datos;
    size_t tam, pos;
};

static struct cliente tabla[FD_SETSIZE];    /* el descriptor es el indice */
static fd_set lect, escr;
static int maxfd;

static void fuera(int fd)
{
    FD_CLR(fd, &lect);
    FD_CLR(fd, &escr);
    free(tabla[fd].datos);
    memset(&tabla[fd], 0, sizeof(struct cliente));
    close(fd);
    while (maxfd > 0 && !FD_ISSET(maxfd, &lect) && !FD_ISSET(maxfd, &escr))
        maxfd--;
}

static void recibe(int fd)
{
    struct cliente *c = &tabla[fd];
    ssize_t r;

    if (c->estado == CABECERA)
        r = recv(fd, (char *)&c->cab + c->leidos, 4 - c->leidos, 0);
    else
        r = recv(fd, c->datos + c->pos, c->tam - c->pos > 65536 ? 65536 : c->tam - c->pos, 0);
    if (r == 0) {
        fuera(fd);
        return;
    }
    if (r == -1) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            fuera(fd);
        return;
    }
    if (c->estado == CABECERA) {
        c->leidos += r;
        if (c->leidos < 4)
            return;
        c->leidos = 0;
        c->tam = ntohl(c->cab);
        c->pos = 0;
        if (c->tam == 0)
            return;
        if (c->tam > 64 * 1024 * 1024 || (c->datos = malloc(c->tam)) == NULL) {
            fuera(fd);
            return;
        }
        c->estado = DATOS;
        return;
    }
    c->pos += r;
    if (c->pos == c->tam) {
        size_t i, j;
        for (i = 0, j = c->tam - 1; i < j; i++, j--) {
            char t = c->datos[i];
            c->datos[i] = c->datos[j];
            c->datos[j] = t;
        }
        c->pos = 0;
        c->estado = RESPUESTA;
        FD_CLR(fd, &lect);
        FD_SET(fd, &escr);
    }
}

static void envia(int fd)
{
    struct cliente *c = &tabla[fd];
    ssize_t r = send(fd, c->datos + c->pos, c->tam - c->pos, MSG_NOSIGNAL);
    if (r == -1) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            fuera(fd);
        return;
    }
    c->pos += r;
    if (c->pos == c->tam) {
        free(c->datos);
        c->datos = NULL;
        c->estado = CABECERA;
        FD_CLR(fd, &escr);
        FD_SET(fd, &lect);
    }
}

int main(int argc, char *argv[])
{
    int s, s_conec, fd, op = 1, descansa = 0;
    struct sockaddr_in dir;

    if (argc != 2) {
        fprintf(stderr, "Uso: %s puerto\n", argv[0]);
        exit(1);
    }
    if ((s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) < 0) {
        perror("error creando socket");
        exit(1);
    }
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &op, sizeof(op)) < 0) {
        perror("error en setsockopt");
        exit(1);
    }
    memset(&dir, 0, sizeof dir);
    dir.sin_addr.s_addr = INADDR_ANY;
    dir.sin_port = htons(atoi(argv[1]));
    dir.sin_family = PF_INET;
    if (bind(s, (struct sockaddr *)&dir, sizeof(dir)) < 0) {
        perror("error en bind");
        exit(1);
    }
    if (listen(s, 50) < 0) {
        perror("error en listen");
        exit(1);
    }
    fcntl(s, F_SETFL, fcntl(s, F_GETFL, 0) | O_NONBLOCK);
    FD_SET(s, &lect);
    maxfd = s;

    for (;;) {
        fd_set l = lect, e = escr;
        struct timeval pausa = { 0, 100000 };

        if (descansa)
            FD_CLR(s, &l);          /* sin descriptores: un rato sin aceptar */
        if (select(maxfd + 1, &l, &e, NULL, descansa ? &pausa : NULL) == -1) {
            if (errno == EINTR)
                continue;
            perror("error en select");
            exit(1);
        }
        descansa = 0;
        int hasta = maxfd;
        for (fd = 0; fd <= hasta; fd++) {
            if (fd == s)
                continue;
            if (FD_ISSET(fd, &l))
                recibe(fd);
            else if (FD_ISSET(fd, &e))
                envia(fd);
        }
        if (FD_ISSET(s, &l)) {
            s_conec = accept(s, NULL, NULL);
            if (s_conec == -1) {
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                    descansa = 1;
                continue;
            }
            if (s_conec >= FD_SETSIZE) {    /* select no llega hasta ahi */
                close(s_conec);
                continue;
            }
            fcntl(s_conec, F_SETFL, fcntl(s_conec, F_GETFL, 0) | O_NONBLOCK);
            tabla[s_conec].estado = CABECERA;
            FD_SET(s_conec, &lect);
            if (s_conec > maxfd)
                maxfd = s_conec;
        }
    }
}
