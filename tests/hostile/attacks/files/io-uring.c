/* tries: rings that do what a filter of system calls does not see
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char parameters[256];
    if (syscall(SYS_io_uring_setup, 4, parameters) >= 0)
        succeeded("io_uring");
    if (syscall(SYS_userfaultfd, 0) >= 0)
        succeeded("userfaultfd");
}
