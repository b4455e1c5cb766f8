/* tries: to kill and to stop every pid there is, one by one
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int pid = 1; pid < 70000; pid++)
        if (pid != getpid() && kill(pid, SIGKILL) == 0 && pid != 1)
            succeeded("another process was there to be killed");
}
