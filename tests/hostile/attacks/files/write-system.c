/* tries: to write where programs and settings are
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char *paths[] = {"/usr/bin/evil", "/bin/sh", "/etc/passwd", "/etc/evil", "/evil", "/lib/evil", "/work/conecta", "/work/evil"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (opens(paths[i], O_WRONLY | (strstr(paths[i], "evil") ? O_CREAT : 0)))
            succeeded(paths[i]);
}
