/* tries: to take the ports that the checks may want next
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int port = 20000; port < 21000; port++) {
        struct sockaddr_in mine = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        int s = socket(AF_INET, SOCK_STREAM, 0);
        if (s == -1)
            break;
        if (bind(s, (struct sockaddr *)&mine, sizeof mine) == -1)
            close(s);
        else
            listen(s, 1);
    }
}
