/* tries: to make the compiler read noise without end
 * must: not build
 */
#include "/dev/urandom"
int main(void) { return 0; }
