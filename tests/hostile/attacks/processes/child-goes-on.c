/* tries: to have ended at once while its child serves on: whoever is stopped, or let go on, by the first one's number is another
 * program: acepta
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    if (fork() > 0)
        _exit(0);
}
