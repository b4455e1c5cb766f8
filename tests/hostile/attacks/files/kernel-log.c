/* tries: to read the kernel's messages
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    char log[256];
    if (syscall(SYS_syslog, 3, log, sizeof log) >= 0)
        succeeded("syslog");
}
