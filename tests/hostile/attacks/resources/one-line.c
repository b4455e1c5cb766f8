/* tries: to print one line of a gigabyte
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 1024; i++)
        if (write(1, block, sizeof block) < 0)
            break;
    abort();
}
