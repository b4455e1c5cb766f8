/* Static web server: the file is read into a buffer of the process and sent from there. */
#include "web.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than the st_blksize of most file systems (4 KiB), for fewer system calls; larger ones gain little more. */
#define BUFFER_SIZE (128 * 1024)

/* If the client disappears, or the file cannot be read to the end, the reply ends early: Content-Length shows it. */
static void send_reply(int connection, const char *header, int file, off_t size)
{
    static char buf[BUFFER_SIZE];

    /* MSG_MORE: the header need not leave in a packet of its own, the body comes at once. */
    if (send_all(connection, header, strlen(header), MSG_MORE) == -1)
        return;
    /* Never more than SIZE bytes, even if the file grows meanwhile. */
    while (size > 0) {
        ssize_t n = read(file, buf, size < BUFFER_SIZE ? (size_t)size : BUFFER_SIZE);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        if (send_all(connection, buf, (size_t)n, MSG_MORE) == -1)
            return;
        size -= n;
        printf("sent a block of %zd bytes of the file, %jd bytes are left to be sent\n", n, (intmax_t)size);
    }
}

/* The name of the client, for which the library reads files. */
static void tell_client(int connection)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[NI_MAXHOST], service[NI_MAXSERV];

    if (getpeername(connection, (struct sockaddr *)&address, &length) == -1)
        return;
    if (getnameinfo((struct sockaddr *)&address, length, host, sizeof host, service, sizeof service, 0) == 0)
        printf("a client on %s, port %s\n", host, service);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Otherwise sending to a client that has gone would end the server. */
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int listener = listening_socket(argv[1]);

    for (;;) {
        struct request request;
        int connection = receive_request(listener, &request);
        tell_client(connection);
        off_t size;
        int file = open_file(connection, &request, &size);
        if (file != -1) {
            char header[MAX_HEADER];
            prepare_header(size, header);
            send_reply(connection, header, file, request.head ? 0 : size);
            close(file);
        }
        close_connection(connection); /* no more comes: this sends what MSG_MORE holds back */
    }
}
