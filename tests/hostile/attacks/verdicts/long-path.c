/* tries: to hold a folder open whose path is longer than a link in /proc can tell, so that nobody can look at its descriptors
 * program: acepta
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    char name[201];
    memset(name, 'a', 200);
    name[200] = 0;
    for (int depth = 0; depth < 30; depth++)
        if (mkdir(name, 0700) == -1 || chdir(name) == -1)
            return;
    if (open(".", O_RDONLY | O_DIRECTORY) == -1 || chdir("/data") == -1)
        return;
}
