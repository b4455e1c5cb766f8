/* tries: to make the preprocessor expand without end
 * must: not build
 */
#define A(x) x x x x x x x x x x x x x x x x
#define B(x) A(A(A(A(x))))
#define C(x) B(B(x))
int main(void) { C(C(q;)) }
