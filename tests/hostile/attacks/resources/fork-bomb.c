/* tries: to fork without end
 * must: fail: processes without end
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (;;)
        fork();
}
