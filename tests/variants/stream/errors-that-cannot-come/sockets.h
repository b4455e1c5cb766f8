/* What the programs of this practical share; the calls that they teach stand in the programs themselves. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <netdb.h>

/* Says on stderr which operation failed and why (errno), and ends the program. */
_Noreturn void fail(const char *operation);

/* The decimal number in TEXT, from MIN to MAX. Ends the program with a message about argument NAME if it is none. */
unsigned long number(const char *name, const char *text, unsigned long min, unsigned long max);

/* The IPv4 addresses of HOST, a name or an address, for sockets of TYPE. To be freed with freeaddrinfo.
 * Ends the program with a message if there are none. */
struct addrinfo *addresses_of(const char *host, const char *port, int type);

/* TCP socket connected to PORT of HOST. Ends the program with a message if it cannot. */
int connect_to(const char *host, const char *port);

/* TCP socket that listens at PORT on all local addresses. Ends the program with a message if it cannot. */
int listening_socket(const char *port);

/* To be called when OPERATION failed in the loop of a server, which goes on after that: returns at once when only one
 * peer is concerned, after a pause when the next call would fail too. Ends the program if it can never work. */
void after_error(const char *operation);

#endif
