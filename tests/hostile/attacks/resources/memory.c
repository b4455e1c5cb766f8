/* tries: to take all memory in one process
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (char *block; (block = malloc(1 << 20));)
        memset(block, 1, 1 << 20);
    abort();
}
