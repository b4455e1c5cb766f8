#ifndef IO_H
#define IO_H
#include <stddef.h>
long read_all(int fd, void *to, size_t n);         /* n, or less at the end of the stream, or -1 */
long write_all(int fd, const void *from, size_t n);
void invert(char *p, size_t n);
int open_server(const char *port);
void talk_to(int fd);
int pause_or_go_on(void);                           /* after accept has failed */
#endif
