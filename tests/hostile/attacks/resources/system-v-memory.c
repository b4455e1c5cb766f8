/* tries: to take memory that outlives its programs and is in no process's count: System V's
 * must: be refused
 */
#include "attack.h"
#include <sys/shm.h>

ATTEMPT
{
    UNUSED;
    int pieces = 0;
    while (pieces < 64) {
        int id = shmget(IPC_PRIVATE, 64 << 20, IPC_CREAT | 0600);
        char *piece = id == -1 ? (char *)-1 : shmat(id, NULL, 0);
        if (piece == (char *)-1)
            break;
        memset(piece, 1, 64 << 20);
        shmdt(piece);
        pieces++;
    }
    if (pieces > 0)
        succeeded("shmget");
}
