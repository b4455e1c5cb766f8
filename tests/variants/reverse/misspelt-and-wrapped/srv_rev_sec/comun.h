#ifndef _COMUN_H
#define _COMUN_H 1
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>
#include <stdlib.h>
#include <stdint.h>
#include <stdio.h>
#include <errno.h>

static inline int create_socket_srv(unsigned short port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
    int opcion = 1, s = socket(AF_INET, SOCK_STREAM, 0);

    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &opcion, sizeof opcion) < 0) {
        perror("error creando socket");
        exit(1);
    }
    if (bind(s, (struct sockaddr *)&addr, sizeof addr) < 0) {
        perror("error en bind");
        exit(1);
    }
    if (listen(s, 5) < 0) {
        perror("error en listen");
        exit(1);
    }
    return s;
}

static inline int todo(int s, char *buf, size_t tam)
{
    ssize_t r;
    size_t total = 0;

    while (total < tam) {
        r = recv(s, buf + total, tam - total, MSG_WAITALL);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return -1;
        total += r;
    }
    return 0;
}

static inline void servicio(int s)
{
    uint32_t longitud;
    char *datos;

    while (todo(s, (char *)&longitud, sizeof longitud) == 0) {
        longitud = ntohl(longitud);
        if (longitud > 64 << 20 || (datos = malloc(longitud + 1)) == NULL)
            break;
        if (todo(s, datos, longitud) < 0) {
            free(datos);
            break;
        }
        for (uint32_t i = 0; i < longitud / 2; i++) {
            char c = datos[i];
            datos[i] = datos[longitud - i - 1];
            datos[longitud - i - 1] = c;
        }
        size_t enviado = 0;
        while (enviado < longitud) {
            ssize_t w = send(s, datos + enviado, longitud - enviado, 0);
            if (w < 0 && errno != EINTR)
                break;
            if (w > 0)
                enviado += w;
        }
        free(datos);
        if (enviado < longitud)
            break;
    }
    close(s);
}
#endif
