/* tries: to speak with addresses that are not its own
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int yes = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    if (setsockopt(s, SOL_IP, 19 /* IP_TRANSPARENT */, &yes, sizeof yes) == 0 ||
        setsockopt(s, SOL_SOCKET, SO_MARK, &yes, sizeof yes) == 0)
        succeeded("IP_TRANSPARENT or SO_MARK");
    close(s);
}
