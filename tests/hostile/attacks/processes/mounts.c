/* tries: to mount, to unmount, to change the root
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    if (mount("none", "/tmp", "tmpfs", 0, "") == 0 || umount2("/work", MNT_DETACH) == 0 || chroot("/tmp") == 0)
        succeeded("mount");
    if (mount("none", "/", NULL, MS_REMOUNT | MS_BIND, "") == 0)
        succeeded("remount");
}
