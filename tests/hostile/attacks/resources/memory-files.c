/* tries: to take memory that belongs to no process: memfd
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char block[1 << 20];
    memset(block, 1, sizeof block);
    for (int i = 0; i < 40; i++) {
        int fd = memfd_create("x", 0);
        for (int j = 0; fd >= 0 && j < 100; j++)
            if (write(fd, block, sizeof block) <= 0)
                break;
    }
}
