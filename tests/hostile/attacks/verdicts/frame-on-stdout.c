/* tries: to answer the parent in the worker's place, on descriptors that might reach it
 * must: be refused
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char message[] = "\0\0\0\x40{\"check\":\"connection.connects\",\"status\":\"passed\"}";
    for (int fd = 3; fd < 64; fd++)
        if (write(fd, message, sizeof message) > 0)
            succeeded("somebody listens");
}
