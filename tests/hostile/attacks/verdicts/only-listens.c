/* tries: to hide behind a path that is too long to be told that it never accepts
 * program: acepta
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    char name[201];
    memset(name, 'a', 200);
    name[200] = 0;
    for (int depth = 0; depth < 30; depth++)
        if (mkdir(name, 0700) == -1 || chdir(name) == -1)
            return;
    open(".", O_RDONLY | O_DIRECTORY);
}

int accept(int s, struct sockaddr *address, socklen_t *length)
{
    (void)s, (void)address, (void)length;
    for (;;)
        pause();
}
