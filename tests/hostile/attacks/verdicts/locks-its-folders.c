/* tries: to leave the next program folders that it may not use, and a disk that is full
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    signal(SIGXFSZ, SIG_IGN); /* one file may be as large as the disk */
    static char block[1 << 16];
    static const char *const places[] = {"/tmp", "/dev/shm", "/data"};
    for (size_t number = 0; number < sizeof places / sizeof *places; number++) {
        struct stat now;
        if (stat(places[number], &now) == -1 || (now.st_mode & 0700) != 0700)
            succeeded("a folder is locked");
        char name[64];
        snprintf(name, sizeof name, "%s/full", places[number]);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd == -1 || write(fd, block, sizeof block) != sizeof block)
            succeeded("a disk is full");
        while (write(fd, block, sizeof block) > 0)
            ;
        close(fd);
        if (number < 2)
            chmod(places[number], 0);
    }
}
