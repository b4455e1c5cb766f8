/* Reads the request one byte at a time, as slowly as that is; header and file in many small sends; prints a lot. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int put(int s, const char *p, long n, int flags)
{
    while (n > 0) {
        long r = send(s, p, n, flags);
        if (r == -1) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        p += r;
        n -= r;
    }
    return 0;
}

static int say(int s, const char *text)
{
    return put(s, text, strlen(text), MSG_MORE);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in dir = {0};
    int s, c, f, opt = 1;
    char pet[8000], *camino, *fin, cab[100], buf[4096];

    if (argc != 2) {
        fprintf(stderr, "Uso: %s puerto\n", argv[0]);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &opt, sizeof(opt));
    dir.sin_addr.s_addr = INADDR_ANY;
    dir.sin_port = htons(atoi(argv[1]));
    dir.sin_family = PF_INET;
    if (bind(s, (struct sockaddr *)&dir, sizeof(dir)) < 0) {
        perror("error en bind");
        return 1;
    }
    listen(s, 5);
    while (1) {
        unsigned int tam = sizeof(dir);
        printf("esperando conexión...\n");
        if ((c = accept(s, (struct sockaddr *)&dir, &tam)) < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                struct timespec pausa = {0, 200000000};
                nanosleep(&pausa, NULL);
            }
            continue;
        }
        printf("conectado cliente con ip %s y puerto %u\n", inet_ntoa(dir.sin_addr), ntohs(dir.sin_port));
        int n = 0, r = 1, completa = 0;
        while (n < (int)sizeof(pet) - 1 && !completa) {
            r = recv(c, pet + n, 1, 0);
            if (r < 0 && errno == EINTR)
                continue;
            if (r <= 0)
                break;
            n++;
            completa = n >= 4 && memcmp(pet + n - 4, "\r\n\r\n", 4) == 0;
        }
        pet[n] = '\0';
        if (!completa)
            goto fuera;
        pet[strcspn(pet, "\r")] = '\0';
        camino = strchr(pet, ' ');
        fin = camino ? strstr(camino + 1, " HTTP/") : NULL;
        if (!camino || !fin || camino[1] != '/') {
            say(c, "HTTP/1.0 400 Bad Request\r\n\r\n");
            goto fuera;
        }
        *camino++ = *fin = '\0';
        if (strcmp(pet, "GET") != 0) {
            say(c, "HTTP/1.0 501 Not Implemented\r\n\r\n");
            goto fuera;
        }
        camino++;
        struct stat st;
        if (camino[0] == '/' || strstr(camino, "..")) {
            say(c, "HTTP/1.0 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            goto fuera;
        }
        if ((f = open(camino, O_RDONLY)) < 0) {
            say(c, "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            goto fuera;
        }
        fstat(f, &st);
        if (S_ISDIR(st.st_mode)) {
            say(c, "HTTP/1.0 200 OK\r\nContent-Length: 15\r\n\r\nun directorio.\n");
            close(f);
            goto fuera;
        }
        say(c, "HTTP/1.0 200 OK\r\n");
        say(c, "Content-Type: application/octet-stream\r\n");
        sprintf(cab, "Content-Length: %ld\r\n", st.st_size);
        say(c, cab);
        say(c, "\r\n");
        long queda = st.st_size;
        while (queda > 0 && (r = read(f, buf, queda < (long)sizeof(buf) ? queda : (long)sizeof(buf))) > 0) {
            if (put(c, buf, r, MSG_MORE) < 0)
                break;
            queda -= r;
        }
        close(f);
    fuera:
        shutdown(c, SHUT_WR);
        while ((r = recv(c, buf, sizeof(buf), 0)) > 0 || (r < 0 && errno == EINTR))
            ;
        close(c);
    }
}
