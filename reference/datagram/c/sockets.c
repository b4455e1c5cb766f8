#include "sockets.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
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

void after_error(const char *operation)
{
    static int reported; /* said once: a shortage meets every peer, and would fill the screen with one line */

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
