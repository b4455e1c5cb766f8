/* tries: to read what /proc tells of others: memory, environment, descriptors, root
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int pids[4096], count = others(pids, 4096);
    const char *files[] = {"mem", "environ", "maps", "fd/0", "root/etc", "cwd", "auxv", "ns/net"};
    for (int i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof files / sizeof *files; j++) {
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/%s", pids[i], files[j]);
            if (opens(path, O_RDONLY))
                succeeded(path);
        }
}
