/* tries: to sniff and to forge packets
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_INET, SOCK_RAW, IPPROTO_TCP) >= 0 ||
        socket(AF_PACKET, SOCK_DGRAM, 0) >= 0)
        succeeded("a raw socket");
}
