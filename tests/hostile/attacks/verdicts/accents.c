/* tries: to keep the grader busy with a million accents on one letter
 * program: acepta
 * must: be contained
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    printf("e");
    for (int number = 0; number < 500000; number++) /* two bytes each; what goes below stands before what goes above */
        printf(number % 2 ? "\xcc\x81" : "\xcc\xa3");
    printf("\n");
    fflush(stdout);
}
