/* Static web server: the file is mapped into memory, and header and body are sent with one call, from where
 * they are: the process copies nothing. */
#include "web.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* Sends all of both buffers. If the client disappears the reply ends early: Content-Length shows it. */
static void writev_all(int connection, struct iovec iov[2])
{
    while (iov[0].iov_len + iov[1].iov_len > 0) {
        /* One call moves 2 GiB at most, and a signal can make it less.
         * The file may be cut while it is mapped. The process would get SIGBUS if it touched a page that is no
         * longer there, but here the kernel copies, and the call just fails with EFAULT. */
        ssize_t n = writev(connection, iov, 2);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return;
        for (int i = 0; i < 2; i++) {
            size_t sent = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;
            iov[i].iov_base = (char *)iov[i].iov_base + sent;
            iov[i].iov_len -= sent;
            n -= (ssize_t)sent;
        }
    }
}

static void send_reply(int connection, const struct request *request, int file, off_t size)
{
    char header[MAX_HEADER];
    struct iovec iov[2];
    void *p = NULL;

    prepare_header(size, header);
    if (request->head)
        size = 0;
    if (size > 0) { /* an empty mapping is an error (EINVAL): then the header goes alone */
        p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, file, 0);
        if (p == MAP_FAILED) {
            perror("mmap");
            send_error(connection, request, "500 Internal Server Error");
            return;
        }
    }
    iov[0].iov_base = header;
    iov[0].iov_len = strlen(header);
    iov[1].iov_base = p;
    iov[1].iov_len = (size_t)size;
    writev_all(connection, iov);
    if (size > 0)
        munmap(p, (size_t)size);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Otherwise sending to a client that has gone would end the server. */
    signal(SIGPIPE, SIG_IGN);
    int listener = listening_socket(argv[1]);

    for (;;) {
        struct request request;
        int connection = receive_request(listener, &request);
        off_t size;
        int file = open_file(connection, &request, &size);
        if (file != -1) {
            send_reply(connection, &request, file, size);
            close(file);
        }
        close_connection(connection);
    }
}
