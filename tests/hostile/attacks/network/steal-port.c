/* tries: to share the port of the peer that it is to talk to
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    int yes = 1;
    struct sockaddr_in mine = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(argc > 2 ? atoi(argv[2]) : 0))};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    if (argc > 2 && mine.sin_port && bind(s, (struct sockaddr *)&mine, sizeof mine) == 0 && listen(s, 5) == 0)
        dprintf(2, "bound beside the peer\n");
    close(s);
}
