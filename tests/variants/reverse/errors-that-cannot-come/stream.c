#include "stream.h"

#include <ctype.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

uint16_t port_number(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    /* strtoul would also take spaces and a sign in front of the number */
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || port < 1 || port > 65535) {
        fprintf(stderr, "port must be a number from 1 to 65535: %s\n", text);
        exit(EXIT_FAILURE);
    }
    return (uint16_t)port;
}

static void fail(const char *operation)
{
    perror(operation);
    exit(EXIT_FAILURE);
}

int listening_socket(const char *port)
{
    struct sockaddr_in addr;
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port_number(port));
    addr.sin_addr.s_addr = htonl(INADDR_ANY);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        fail("socket");
    /* Lets the server restart while old connections are still in TIME-WAIT. */
    int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == -1)
        fail("setsockopt");
    /* Without it the second of two short replies would wait for the client's delayed ACK, some 40 ms.
     * Accepted sockets inherit it. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == -1)
        fail("setsockopt");
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        fail("bind");
    if (listen(fd, SOMAXCONN) == -1)
        fail("listen");
    return fd;
}

void return_freed_buffers(void)
{
    /* By default glibc raises this threshold after the first free, and keeps up to 32 MiB per process or thread. */
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}

bool accept_must_wait(void)
{
    static int64_t next_message;

    switch (errno) {
    case EINTR:
    case EAGAIN:
    case ECONNABORTED:
    case EPROTO: /* only that connection is lost: the next one may be fine */
        return false;
    case EBADF:
    case EFAULT:
    case EINVAL:
    case ENOTSOCK: /* a mistake in the program: trying again cannot help */
        fail("accept");
    }
    /* EMFILE, ENFILE, ENOBUFS, ENOMEM: the connection stays in the queue, so accept would fail again at once.
     * One message every ten seconds, not one per attempt. */
    if (now_ms() >= next_message) {
        perror("accept (will try again)");
        next_message = now_ms() + 10000;
    }
    return true;
}

int recv_all(int fd, void *buf, size_t len)
{
    size_t done = 0;

    /* Even with MSG_WAITALL recv returns less than asked for when a signal interrupts it. */
    while (done < len) {
        ssize_t n = recv(fd, (uint8_t *)buf + done, len - done, MSG_WAITALL);
        if (n == 0)
            return 0;
        if (n == -1)
            return -1;
        done += (size_t)n;
    }
    return 1;
}

int send_all(int fd, const void *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = send(fd, (const uint8_t *)buf + done, len - done, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

void reverse(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t byte = data[i];
        data[i] = data[len - 1 - i];
        data[len - 1 - i] = byte;
    }
}

/* A client that disconnects or resets is no error of the server: there is no message about it. */
void serve_client(int fd)
{
    uint32_t header;

    while (recv_all(fd, &header, sizeof header) == 1) {
        uint32_t length = ntohl(header);
        if (length > MAX_LENGTH)
            return;
        if (length == 0) /* empty reply, and malloc(0) may be NULL */
            continue;

        uint8_t *data = malloc(length);
        if (data == NULL) {
            perror("malloc");
            return;
        }
        bool ok = recv_all(fd, data, length) == 1;
        if (ok) {
            reverse(data, length);
            ok = send_all(fd, data, length) == 0;
        }
        free(data);
        if (!ok)
            return;
    }
}

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
