/* tries: to reach other machines, the engine's host, the cloud's metadata
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char *addresses[] = {"1.1.1.1", "10.0.0.1", "172.17.0.1", "192.168.0.1", "169.254.169.254"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(80)};
        inet_pton(AF_INET, addresses[i], &there.sin_addr);
        for (int type = 1; type <= 2; type++) {
            int s = socket(AF_INET, type | SOCK_NONBLOCK, 0);
            if (connect(s, (struct sockaddr *)&there, sizeof there) == 0 || errno == EINPROGRESS)
                succeeded(addresses[i]);
            close(s);
        }
    }
}
