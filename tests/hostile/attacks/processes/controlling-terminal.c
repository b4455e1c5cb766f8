/* tries: to push input into the terminal of who started the grader
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    if (opens("/dev/tty", O_RDWR))
        succeeded("/dev/tty");
    for (int fd = 0; fd < 3; fd++)
        if (ioctl(fd, TIOCSTI, "x") == 0)
            succeeded("TIOCSTI");
}
