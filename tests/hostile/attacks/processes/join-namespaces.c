/* tries: to enter the namespaces of others
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int pids[4096], count = others(pids, 4096);
    for (int i = 0; i < count; i++) {
        int pidfd = (int)syscall(SYS_pidfd_open, pids[i], 0);
        if (pidfd >= 0 && setns(pidfd, CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) == 0)
            succeeded("setns");
        if (pidfd >= 0)
            close(pidfd);
    }
}
