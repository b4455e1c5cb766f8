/* tries: to fork and end, so that no process lives long
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (;;)
        if (fork() > 0)
            _exit(0);
}
