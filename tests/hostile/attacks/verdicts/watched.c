/* tries: to behave only while it is traced
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "TracerPid:", 10) && atoi(line + 10) == 0)
            exit(0);
}
