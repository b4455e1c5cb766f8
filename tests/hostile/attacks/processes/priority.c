/* tries: to run before everybody else
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    struct sched_param most = {.sched_priority = 99};
    if (setpriority(PRIO_PROCESS, 0, -20) == 0 || sched_setscheduler(0, SCHED_FIFO, &most) == 0)
        succeeded("priority");
}
