/* tries: to make the compiler read without end
 * must: not build
 */
#include "/dev/zero"
int main(void) { return 0; }
