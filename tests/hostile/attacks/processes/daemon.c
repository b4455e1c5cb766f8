/* tries: to live on as a daemon that ignores every signal
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    if (fork())
        return;
    setsid();
    if (fork())
        _exit(0);
    for (int number = 1; number < 65; number++)
        signal(number, SIG_IGN);
    for (;;)
        pause();
}
