/* tries: to open descriptors without end
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int fd;
    while ((fd = dup(0)) >= 0)
        if (fd > 5000)
            succeeded("more than 5,000 descriptors");
    closefrom(3);
}
