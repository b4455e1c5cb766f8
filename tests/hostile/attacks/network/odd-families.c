/* tries: families of sockets that lead into the kernel or to the hypervisor
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int families[] = {38 /* ALG */, 40 /* VSOCK */, 29 /* CAN */, 31 /* BLUETOOTH */, 30 /* TIPC */, 44 /* XDP */};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (socket(families[i], SOCK_STREAM, 0) >= 0 || socket(families[i], SOCK_DGRAM, 0) >= 0 ||
            socket(families[i], SOCK_SEQPACKET, 0) >= 0)
            succeeded("a socket");
}
