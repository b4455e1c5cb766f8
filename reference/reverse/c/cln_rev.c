/* Client of the reverse service: one connection, one request per file, answers to stdout. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void fail(const char *operation)
{
    perror(operation);
    exit(EXIT_FAILURE);
}

static int connect_to(const char *host, const char *port)
{
    port_number(port); /* getaddrinfo takes 70000 for 4464 without a word */

    struct addrinfo hints, *list;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) {
        fprintf(stderr, "getaddrinfo: %s: %s\n", host, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        exit(EXIT_FAILURE);
    }

    /* A name may have several addresses, and the server need not listen on the first: localhost is often ::1 too. */
    const char *failed = "getaddrinfo";
    int reason = 0;
    int fd = -1;
    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd == -1) {
            failed = "socket";
            reason = errno;
            continue;
        }
        int result;
        do /* interrupted: calling connect again goes on waiting (Linux) */
            result = connect(fd, a->ai_addr, a->ai_addrlen);
        while (result == -1 && errno == EINTR);
        if (result == -1) {
            failed = "connect";
            reason = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd == -1) {
        errno = reason;
        fail(failed);
    }
    return fd;
}

/* Sends length and data in one writev: no copy, no two small segments. */
static void send_request(int fd, void *data, uint32_t length)
{
    uint32_t header = htonl(length);
    struct iovec iov[2] = {
        {.iov_base = &header, .iov_len = sizeof header},
        {.iov_base = data, .iov_len = length},
    };

    while (iov[0].iov_len + iov[1].iov_len > 0) {
        ssize_t n = writev(fd, iov, 2);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            fail("writev");
        /* Part of it may be left: advance over what was sent. */
        size_t sent = (size_t)n;
        for (int i = 0; i < 2; i++) {
            size_t step = sent < iov[i].iov_len ? sent : iov[i].iov_len;
            iov[i].iov_base = (uint8_t *)iov[i].iov_base + step;
            iov[i].iov_len -= step;
            sent -= step;
        }
    }
}

static void write_stdout(const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            fail("write");
        data += n;
        len -= (size_t)n;
    }
}

/* One request. False: the file cannot be used. Ends the program if the connection fails. */
static bool request_file(int fd, const char *name)
{
    int file = open(name, O_RDONLY);
    struct stat st;
    if (file == -1 || fstat(file, &st) == -1) {
        fprintf(stderr, "open: %s: %s\n", name, strerror(errno));
        if (file != -1)
            close(file);
        return false;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > UINT32_MAX) {
        fprintf(stderr, "open: %s: not a regular file, or 4 GiB or more\n", name);
        close(file);
        return false;
    }
    if (st.st_size == 0) { /* an empty file cannot be mapped; its reply is empty too */
        close(file);
        send_request(fd, "", 0);
        return true;
    }

    /* Private: the reply is received over our own copy, the file does not change. */
    size_t length = (size_t)st.st_size;
    void *data = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    close(file);
    if (data == MAP_FAILED) {
        fprintf(stderr, "mmap: %s: %s\n", name, strerror(errno));
        return false;
    }
    send_request(fd, data, (uint32_t)length);
    switch (recv_all(fd, data, length)) {
    case -1:
        fail("recv");
        break;
    case 0:
        fprintf(stderr, "recv: %s: the server closed the connection before the end of the reply\n", name);
        exit(EXIT_FAILURE);
    }
    write_stdout(data, length);
    munmap(data, length);
    return true;
}

int main(int argc, char *argv[])
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s HOST PORT FILE...\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* A server that has gone shall be an error of writev, not the silent end of the client. */
    signal(SIGPIPE, SIG_IGN);
    int fd = connect_to(argv[1], argv[2]);

    int status = EXIT_SUCCESS;
    for (int i = 3; i < argc; i++)
        if (!request_file(fd, argv[i]))
            status = EXIT_FAILURE; /* the other files can still be sent */
    close(fd);
    return status;
}
