/* tries: to keep the processor busy for ever
 * must: fail: processor busy
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (volatile unsigned n = 0;; n++)
        ;
}
