/* tries: to get two hundred shares of the processor: as many sessions, of which none rests
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int number = 0; number < 200; number++)
        if (fork() == 0) {
            setsid();
            for (;;)
                ;
        }
    for (;;)
        ;
}
