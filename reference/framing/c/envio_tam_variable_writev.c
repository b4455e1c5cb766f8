/* Sends two data of variable size, and before them their lengths, with one call and without a copy. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct cabecera {
    uint32_t long1, long2; /* in network byte order */
};

int main(int argc, char *argv[])
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* A receiver that has gone shall be an error of writev, not the silent end of this program. */
    signal(SIGPIPE, SIG_IGN);
    int s = connect_to(argv[1], argv[2]);

    struct cabecera cab;
    cab.long1 = htonl((uint32_t)strlen(argv[3])); /* from this machine's byte order to the network's */
    cab.long2 = htonl((uint32_t)strlen(argv[4]));

    struct iovec iov[3]; /* the final NULs are not sent: the receiver knows the lengths */
    iov[0].iov_base = &cab;
    iov[0].iov_len = sizeof cab;
    iov[1].iov_base = argv[3];
    iov[1].iov_len = strlen(argv[3]);
    iov[2].iov_base = argv[4];
    iov[2].iov_len = strlen(argv[4]);

    size_t escrito = 0;
    while (iov[0].iov_len + iov[1].iov_len + iov[2].iov_len > 0) {
        ssize_t n = writev(s, iov, 3);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            fail("writev");
        escrito += (size_t)n;
        /* It may have taken only a part: advance over that, and go on. */
        for (int i = 0; i < 3; i++) {
            size_t parte = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;
            iov[i].iov_base = (char *)iov[i].iov_base + parte;
            iov[i].iov_len -= parte;
            n -= (ssize_t)parte;
        }
    }
    printf("escrito %zu\n", escrito);

    close(s);
    return EXIT_SUCCESS;
}
