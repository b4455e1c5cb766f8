/* tries: to make two hundred thousand files
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    int made = 0;
    char name[32];
    for (; made < 200000; made++) {
        snprintf(name, sizeof name, "/tmp/%d", made);
        if (mknod(name, S_IFREG | 0600, 0) == -1)
            break;
    }
    if (made == 200000)
        succeeded("200,000 files");
    while (made-- > 0) {
        snprintf(name, sizeof name, "/tmp/%d", made);
        unlink(name);
    }
}
