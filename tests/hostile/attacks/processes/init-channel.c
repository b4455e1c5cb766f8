/* tries: to speak to the room's init over its channel
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char *names[] = {"grader-init", "init", "control"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct sockaddr_un place = {.sun_family = AF_UNIX};
        strcpy(place.sun_path + 1, names[i]);
        int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(names[i]));
        if (connect(s, (struct sockaddr *)&place, size) == 0)
            succeeded(names[i]);
        close(s);
    }
    if (opens("/run/grader", O_RDONLY) || opens("/run/docker.sock", O_RDWR))
        succeeded("/run");
}
