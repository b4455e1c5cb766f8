/* tries: to stop itself for ever
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    raise(SIGSTOP);
}
