/* tries: to stop and to kill its parent
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int number = 1; number < 65; number++)
        kill(getppid(), number);
}
