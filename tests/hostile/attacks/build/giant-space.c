/* tries: to make the assembler write a terabyte
 * must: not build
 */
__asm__(".data\n.space 1000000000000, 1\n");
int main(void) { return 0; }
