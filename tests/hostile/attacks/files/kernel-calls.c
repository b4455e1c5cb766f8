/* tries: system calls that are the way into the kernel
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char attributes[128];
    if (syscall(SYS_bpf, 0, attributes, sizeof attributes) >= 0)
        succeeded("bpf");
    if (syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0) >= 0)
        succeeded("perf_event_open");
    if (syscall(SYS_keyctl, 0, -3, 1) >= 0 || syscall(SYS_add_key, "user", "x", "y", 1, -3) >= 0)
        succeeded("keyctl");
    if (syscall(SYS_init_module, 0, 0, "") == 0 || syscall(SYS_kexec_load, 0, 0, 0, 0) == 0)
        succeeded("modules");
}
