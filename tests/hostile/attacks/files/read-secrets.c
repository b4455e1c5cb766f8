/* tries: to read what belongs to the machine or its users
 * must: be refused
 * must in docker: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char *paths[] = {"/etc/shadow", "/root/.ssh", "/var/run/docker.sock", "/etc/machine-id", "/proc/kcore", "/sys/work",
                           "/etc/hostname.secret", "/etc/ssh", "/home/ordinary", "/var/log/dpkg.log"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (opens(paths[i], O_RDONLY))
            succeeded(paths[i]);
}
