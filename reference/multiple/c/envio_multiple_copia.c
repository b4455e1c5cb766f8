/* Two data, copied to one structure and sent with one call. The price: the copies, and fields of the maximum size. */
#include "sockets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DATO 16 /* with the final NUL */

struct mensaje {
    char dato1[MAX_DATO];
    char dato2[MAX_DATO];
};

int main(int argc, char *argv[])
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT DATA1 DATA2\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* strcpy does not look where the field ends. */
    if (strlen(argv[3]) >= MAX_DATO || strlen(argv[4]) >= MAX_DATO) {
        fprintf(stderr, "DATA1 and DATA2 must not be longer than %d bytes\n", MAX_DATO - 1);
        return EXIT_FAILURE;
    }
    struct mensaje m;
    memset(&m, 0, sizeof m); /* what the data do not fill is sent too: it shall not be what was in memory before */
    strcpy(m.dato1, argv[3]);
    strcpy(m.dato2, argv[4]);

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
    printf("escrito %zu\n", escrito);

    close(s);
    return EXIT_SUCCESS;
}
