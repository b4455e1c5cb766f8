/* tries: to fill /dev/shm
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char block[1 << 20];
    memset(block, 1, sizeof block);
    int fd = open("/dev/shm/x", O_CREAT | O_RDWR, 0600), megabytes = 0;
    signal(SIGXFSZ, SIG_IGN);
    while (fd >= 0 && write(fd, block, sizeof block) == sizeof block)
        megabytes++;
    if (megabytes > 100)
        succeeded("more than 100 MB");
    if (fd >= 0)
        close(fd);
    unlink("/dev/shm/x");
}
