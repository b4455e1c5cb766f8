/* tries: to make the compiler wait for somebody to type
 * must: not build
 */
#include "/dev/stdin"
int main(void) { return no_such_name; }
