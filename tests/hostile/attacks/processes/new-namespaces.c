/* tries: to be root in namespaces of its own
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int kinds[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (unshare(kinds[i]) == 0)
            succeeded("unshare");
}
