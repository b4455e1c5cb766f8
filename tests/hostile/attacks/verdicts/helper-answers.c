/* tries: to let a process that outlives it do the work
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    if (fork() > 0)
        _exit(0);
}
