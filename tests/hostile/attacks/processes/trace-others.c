/* tries: to attach to every other process as a debugger
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int pids[4096], count = others(pids, 4096);
    for (int i = 0; i < count; i++)
        if (ptrace(PTRACE_SEIZE, pids[i], 0, 0) == 0 || ptrace(PTRACE_ATTACH, pids[i], 0, 0) == 0)
            succeeded("ptrace");
}
