/* tries: to take 4 GB in forty processes of 100 MB
 * must: fail: memory together
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int i = 0; i < 40; i++)
        if (fork() == 0) {
            memset(malloc(100 << 20), i + 1, 100 << 20);
            pause();
        }
    while (wait(NULL) > 0)
        ;
    abort();
}
