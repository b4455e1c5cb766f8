/* tries: to leave the room's init, and with it every later program, no turn on the processor
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    struct sched_param none = {0};
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    if (setpriority(PRIO_PROCESS, 1, 19) == 0 || setpriority(PRIO_USER, getuid(), 19) == 0)
        succeeded("setpriority");
    if (sched_setscheduler(1, SCHED_IDLE, &none) == 0)
        succeeded("sched_setscheduler");
    if (sched_setaffinity(1, sizeof first, &first) == 0)
        succeeded("sched_setaffinity");
    if (syscall(SYS_ioprio_set, 1, 1, 3 << 13) == 0)
        succeeded("ioprio_set");
}
