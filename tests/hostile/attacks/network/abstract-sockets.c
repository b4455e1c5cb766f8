/* tries: to find the abstract sockets of the machine
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    char line[512];
    FILE *list = fopen("/proc/net/unix", "r");
    while (list && fgets(line, sizeof line, list)) {
        char *name = strchr(line, '@');
        if (!name)
            continue;
        name[strcspn(name, "\n")] = 0;
        struct sockaddr_un place = {.sun_family = AF_UNIX};
        strncpy(place.sun_path + 1, name + 1, sizeof place.sun_path - 2);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
        for (int type = 1; type <= 5; type++) {
            int s = socket(AF_UNIX, type, 0);
            if (s >= 0 && connect(s, (struct sockaddr *)&place, size) == 0)
                succeeded(name);
            if (s >= 0)
                close(s);
        }
    }
    if (list)
        fclose(list);
}
