/* tries: to wait for a child of vfork for ever, in a state that looks like work of the kernel's
 * program: acepta
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
}

int accept(int s, struct sockaddr *address, socklen_t *length)
{
    static int calls;
    if (++calls > 1 && vfork() == 0)
        for (;;)
            pause();
    return (int)syscall(SYS_accept, s, address, length);
}
