/* tries: to take the interface down
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo"};
    request.ifr_flags = 0;
    if (ioctl(s, SIOCSIFFLAGS, &request) == 0)
        succeeded("lo is down");
    close(s);
}
