/* tries: to fill every place that it can write to
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char block[1 << 20];
    memset(block, 1, sizeof block);
    signal(SIGXFSZ, SIG_IGN);
    const char *places[] = {"/data", "/tmp", "/work", "/var/tmp", "/run", "."};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int megabytes = 0;
        char path[64];
        for (int file = 0; file < 8; file++) {
            snprintf(path, sizeof path, "%s/filled-%d", places[i], file);
            int fd = open(path, O_CREAT | O_RDWR, 0600);
            while (fd >= 0 && write(fd, block, sizeof block) == sizeof block)
                megabytes++;
            if (fd >= 0)
                close(fd);
        }
        if (megabytes > 700)
            succeeded(places[i]);
        for (int file = 0; file < 8; file++) {
            snprintf(path, sizeof path, "%s/filled-%d", places[i], file);
            unlink(path);
        }
    }
}
