/* tries: to end with the status of success and nothing done
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    exit(0);
}
