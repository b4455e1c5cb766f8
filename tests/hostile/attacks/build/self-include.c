/* tries: a source that includes itself
 * must: not build
 */
#include __FILE__
int main(void) { return 0; }
