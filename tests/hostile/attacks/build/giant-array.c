/* tries: to make the compiler write a terabyte
 * must: not build
 */
char giant[1L << 40] = {1};
int main(void) { return giant[0]; }
