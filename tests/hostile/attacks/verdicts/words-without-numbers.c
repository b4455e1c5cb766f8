/* tries: to keep the grader busy with a line in which a pattern finds its beginning everywhere and its end nowhere
 * program: acepta
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    for (int number = 0; number < 100000; number++)
        printf("aceptado puerto ");
    printf("\n");
    fflush(stdout);
}
