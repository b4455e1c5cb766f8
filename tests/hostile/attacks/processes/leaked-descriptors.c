/* tries: to use descriptors that it was not meant to inherit
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            succeeded("an open descriptor above 2");
}
