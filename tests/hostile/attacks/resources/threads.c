/* tries: to start threads without end
 * must: be contained
 */
#include "attack.h"

static void *rest(void *unused)
{
    pause();
    return unused;
}

ATTEMPT
{
    UNUSED;
    pthread_t thread;
    while (pthread_create(&thread, NULL, rest, NULL) == 0)
        ;
}
