/* What the programs of the reverse service share, so that each server file shows its own model only. */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer request is refused by closing its connection. */
#define MAX_LENGTH (64u * 1024 * 1024)

/* How long to leave the accept queue alone when there is no descriptor left for a new connection. */
#define ACCEPT_WAIT_MS 100

/* Port number in TEXT, 1 to 65535 in decimal. Ends the program with a message if it is no such number. */
uint16_t port_number(const char *text);

/* TCP socket that listens at PORT on all local addresses. Ends the program with a message if it cannot. */
int listening_socket(const char *port);

/* To be called after accept failed, with its errno. False: call accept again at once.
 * True: wait ACCEPT_WAIT_MS first. Ends the program if accept can never work. */
bool accept_must_wait(void);

/* Receives exactly LEN bytes: 1. End of file before them: 0. Error: -1 and errno. */
int recv_all(int fd, void *buf, size_t len);

/* Sends exactly LEN bytes: 0. Error: -1 and errno. */
int send_all(int fd, const void *buf, size_t len);

/* Reverses the order of LEN bytes in place. */
void reverse(uint8_t *data, size_t len);

/* Answers the requests of one client, blocking, until it ends or fails. Leaves FD open. */
void serve_client(int fd);

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

#endif
