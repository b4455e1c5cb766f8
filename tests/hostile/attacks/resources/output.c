/* tries: to print without end
 * must: fail: prints without end
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (;;)
        puts("\033[2J\033[31mflood\a");
}
