/* tries: to find the checks, the references and other submissions
 * must: be refused
 */
#include "attack.h"

static int look(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind;
    const char *name = path + where->base;
    if (strncmp(path, "/proc/", 6) == 0)
        return 0;
    if (!strcmp(name, "practical.toml") || !strcmp(name, "check_client.py") || !strcmp(name, "srv_rev_evn.c"))
        succeeded(path);
    return 0;
}

ATTEMPT
{
    UNUSED;
    nftw("/", look, 32, FTW_PHYS);
}
