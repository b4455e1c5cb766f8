/* tries: to take descriptors, memory and time from the room's init
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    struct rlimit none = {0, 0};
    int kinds[] = {RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_NPROC, RLIMIT_CPU, RLIMIT_FSIZE};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (prlimit(1, kinds[i], &none, NULL) == 0)
            succeeded("init has another limit");
}
