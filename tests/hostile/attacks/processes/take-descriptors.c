/* tries: to take descriptors out of others through a pidfd
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int pids[4096], count = others(pids, 4096);
    for (int i = 0; i < count; i++) {
        int pidfd = (int)syscall(SYS_pidfd_open, pids[i], 0);
        for (int fd = 0; pidfd >= 0 && fd < 64; fd++)
            if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0)
                succeeded("pidfd_getfd");
        if (pidfd >= 0)
            close(pidfd);
    }
}
