/* tries: to sleep for ever
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (;;)
        sleep(1000);
}
