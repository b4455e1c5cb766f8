/* tries: to flood the interface so that captures lose packets
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static char block[1000];
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < 50000; i++)
        sendto(s, block, sizeof block, 0, (struct sockaddr *)&there, sizeof there);
    close(s);
}
