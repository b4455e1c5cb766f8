/* tries: to change settings of the kernel
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char *paths[] = {"/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/vm/drop_caches",
                           "/proc/sysrq-trigger", "/proc/sys/net/ipv4/tcp_wmem"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (opens(paths[i], O_WRONLY))
            succeeded(paths[i]);
}
