/* tries: to raise its own hard limits
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int kind = 0; kind < RLIM_NLIMITS; kind++) {
        struct rlimit limit;
        if (getrlimit(kind, &limit) == 0 && limit.rlim_max != RLIM_INFINITY) {
            limit.rlim_max++;
            if (setrlimit(kind, &limit) == 0)
                succeeded("setrlimit");
        }
    }
}
