/* tries: to fill the buffers of hundreds of sockets
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char block[1 << 18];
    for (int i = 0; i < 300; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1)
            break;
        while (send(pair[0], block, sizeof block, MSG_NOSIGNAL) > 0)
            ;
    }
    closefrom(3);
}
