/* tries: to fill the grader's own memory with what it sends
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[argc - 1]))};
    inet_pton(AF_INET, "127.0.0.1", &there.sin_addr);
    static char block[1 << 20];
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&there, sizeof there) == 0)
        while (send(s, block, sizeof block, MSG_NOSIGNAL) > 0)
            ;
}
