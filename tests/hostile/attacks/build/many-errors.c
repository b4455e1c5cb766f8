/* tries: forty thousand errors
 * must: not build
 */
#define T(x) x x x x x x x x x x
int main(void) { T(T(T(T(no_such_name_at_all + ;)))) }
#pragma GCC diagnostic error "-Wall"
