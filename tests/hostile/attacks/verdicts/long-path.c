/* tries: to hold a folder open whose path is longer than a link in /proc can tell, so that nobody can look at its descriptors
 * program: acepta
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    stand_too_deep();
    if (chdir("/data") == -1)
        return;
}
