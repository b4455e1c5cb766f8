/* tries: SIGKILL to every process that it may signal
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    kill(-1, SIGKILL); /* not sent to itself */
}
