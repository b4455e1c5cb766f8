/* tries: to leave a folder so deep that whoever removes it by recursion fails
 * program: acepta
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int depth = 0; depth < 3000; depth++)
        if (mkdir("d", 0700) == -1 || chdir("d") == -1)
            break;
    if (chdir("/data") == -1)
        return;
}
