/* Two data, one call, no copy: writev gathers them from where they are. */
#include "sockets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* A receiver that has gone shall be an error of writev, not the silent end of this program. */
    signal(SIGPIPE, SIG_IGN);
    int s = connect_to(argv[1], argv[2]);

    struct iovec iov[2];
    iov[0].iov_base = argv[3];
    iov[0].iov_len = strlen(argv[3]);
    iov[1].iov_base = argv[4];
    iov[1].iov_len = strlen(argv[4]);

    size_t escrito = 0;
    while (iov[0].iov_len + iov[1].iov_len > 0) {
        ssize_t n = writev(s, iov, 2);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            fail("writev");
        escrito += (size_t)n;
        /* It may have taken only a part: advance over that, and go on. */
        for (int i = 0; i < 2; i++) {
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
