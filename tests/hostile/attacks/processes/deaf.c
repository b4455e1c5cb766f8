/* tries: to hang with every signal blocked
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (;;)
        pause();
}
