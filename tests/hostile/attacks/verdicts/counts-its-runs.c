/* tries: to tell by what an earlier run left that it is not the first, and to behave then
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    static const char *const places[] = {"/tmp/run", "/dev/shm/run", "/data/run", "/var/tmp/run", "/run/run"};
    for (size_t number = 0; number < sizeof places / sizeof *places; number++) {
        if (access(places[number], F_OK) == 0)
            succeeded(places[number]);
        opens(places[number], O_WRONLY | O_CREAT);
    }
}
