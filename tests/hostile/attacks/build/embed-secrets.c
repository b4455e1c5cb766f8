/* tries: to take a file of the machine into the program
 * must: not build
 */
__asm__(".incbin \"/etc/shadow\"");
int main(void) { return 0; }
