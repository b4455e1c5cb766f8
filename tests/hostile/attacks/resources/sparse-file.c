/* tries: to make a file of 100 GB
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int fd = open("/data/sparse", O_CREAT | O_RDWR, 0600);
    signal(SIGXFSZ, SIG_IGN);
    if (ftruncate(fd, 100L << 30) == 0)
        succeeded("100 GB");
    close(fd);
    unlink("/data/sparse");
}
