/* tries: to have ended before anybody can have learnt its number, which is then told as -1: everybody's
 * program: acepta
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    _exit(0);
}
