/* THE DELIBERATE MISTAKE of the course: one call and no copy, but it sends the two pointers.
 *
 * What arrives are addresses of this process, which mean nothing in another one; the data stay here.
 * envio_multiple_writev does it right. */
#include "sockets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct mensaje {
    char *dato1;
    char *dato2;
};

int main(int argc, char *argv[])
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        return EXIT_FAILURE;
    }
    struct mensaje m;
    m.dato1 = argv[3]; /* copies the address, not the characters */
    m.dato2 = argv[4];

    /* A receiver that has gone shall be an error of write, not the silent end of this program. */
    signal(SIGPIPE, SIG_IGN);
    int s = connect_to(argv[1], argv[2]);

    size_t escrito = 0;
    while (escrito < sizeof m) { /* a write may take only a part */
        ssize_t n = write(s, (char *)&m + escrito, sizeof m - escrito);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            fail("write");
        escrito += (size_t)n;
    }
    printf("escrito %zu\n", escrito); /* two pointers: 16 on a 64-bit machine, whatever the data are */

    close(s);
    return EXIT_SUCCESS;
}
