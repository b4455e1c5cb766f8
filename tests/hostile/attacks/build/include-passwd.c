/* tries: to have the compiler print the machine's users
 * must: not build
 */
#include "/etc/passwd"
#include "/etc/shadow"
int main(void) { return 0; }
