/* tries: to close its listening socket while it is looked at
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
    (void)address, (void)length;
    struct timespec soon = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&soon, NULL);
    close(s);
    for (;;)
        pause();
}
