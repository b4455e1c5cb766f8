/* tries: to become another user, root first
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    if (setuid(0) == 0 || setresuid(0, 0, 0) == 0 || setgid(0) == 0 || (geteuid() != 1000 && setuid(1000) == 0))
        succeeded("setuid");
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        succeeded("a setuid program would give privileges");
}
