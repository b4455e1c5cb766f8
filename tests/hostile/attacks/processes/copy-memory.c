/* tries: to copy memory out of and into others
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int pids[4096], count = others(pids, 4096);
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
    for (int i = 0; i < count; i++)
        if (process_vm_readv(pids[i], &here, 1, &there, 1, 0) == 1 || errno == EFAULT)
            succeeded("process_vm_readv");
}
