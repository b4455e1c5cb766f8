#include "sockets.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void fail(const char *operation)
{
    perror(operation);
    exit(EXIT_FAILURE);
}

unsigned long number(const char *name, const char *text, unsigned long min, unsigned long max)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);

    /* strtoul would also take spaces and a sign in front of the number */
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno == ERANGE || value < min || value > max) {
        fprintf(stderr, "%s must be a number from %lu to %lu: %s\n", name, min, max, text);
        exit(EXIT_FAILURE);
    }
    return value;
}

struct addrinfo *addresses_of(const char *host, const char *port, int type)
{
    number("PORT", port, 1, 65535); /* getaddrinfo takes 70000 for 4464 without a word */

    struct addrinfo hints, *list;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_INET;
    hints.ai_socktype = type;
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) {
        fprintf(stderr, "getaddrinfo: %s: %s\n", host, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        exit(EXIT_FAILURE);
    }
    return list;
}

int connect_to(const char *host, const char *port)
{
    struct addrinfo *list = addresses_of(host, port, SOCK_STREAM);

    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s == -1)
        fail("socket");
    /* A name may have several addresses: where one fails, the next one is tried. */
    struct addrinfo *dir = list;
    while (connect(s, dir->ai_addr, dir->ai_addrlen) == -1) {
        if (errno == EINTR) /* calling connect again goes on waiting (Linux) */
            continue;
        dir = dir->ai_next;
        if (dir == NULL)
            fail("connect");
    }
    freeaddrinfo(list);
    return s;
}

int listening_socket(const char *port)
{
    struct sockaddr_in dir;
    memset(&dir, 0, sizeof dir);
    dir.sin_family = AF_INET;
    dir.sin_port = htons((uint16_t)number("PORT", port, 1, 65535));
    dir.sin_addr.s_addr = htonl(INADDR_ANY);

    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s == -1)
        fail("socket");
    /* Lets the program restart while old connections are still in TIME-WAIT. */
    int yes = 1;
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == -1)
        fail("setsockopt");
    if (bind(s, (struct sockaddr *)&dir, sizeof dir) == -1)
        fail("bind");
    if (listen(s, SOMAXCONN) == -1)
        fail("listen");
    return s;
}

void after_error(const char *operation)
{
    static int reported; /* said once: a shortage meets every peer, and would fill the screen */

    switch (errno) {
    case EINTR:
    case ECONNABORTED:
    case ECONNREFUSED:
    case EPROTO: /* one peer has gone: the next one is another matter */
        return;
    case EBADF:
    case EFAULT:
    case EINVAL:
    case ENOTSOCK: /* a mistake in the program: trying again cannot help */
        fail(operation);
    }
    int reason = errno;
    if (reason != reported)
        perror(operation);
    reported = reason;
    /* No descriptor or no memory (EMFILE, ENOMEM...): another try would fail again at once, and use all of the CPU. */
    poll(NULL, 0, 100);
}
