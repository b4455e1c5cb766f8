/* tries: to reach devices, those there are and one of its own
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char *paths[] = {"/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/kvm", "/dev/net/tun"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (opens(paths[i], O_RDONLY))
            succeeded(paths[i]);
    if (mknod("/data/disk", S_IFBLK | 0600, 0x800) == 0)
        succeeded("mknod");
}
