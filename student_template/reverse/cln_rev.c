/* Client of the reverse service: sends files, writes the answers to stdout. See README.md. */
#include <stdio.h>

int main(int argc, char *argv[])
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s HOST PORT FILE...\n", argv[0]);
        return 1;
    }
    const char *host = argv[1], *port = argv[2];

    /* TODO 1. Connect, once for all the files. Any error from here on: a message that names what failed
     *   (perror; gai_strerror for getaddrinfo), and exit status 1.
     *   getaddrinfo  HOST and PORT as text, AF_UNSPEC, SOCK_STREAM; try its addresses until one answers
     *   socket, connect
     *   signal       SIGPIPE ignored: a server that left must be an error that you report */

    /* TODO 2. For each FILE (argv[3] and the following):
     *   a. open, fstat, mmap with MAP_PRIVATE (the file must not change), close. mmap refuses an empty file:
     *      send its header all the same.
     *   b. Send the length (4 bytes, htonl) and the data in ONE writev. It may take only a part: go on where it
     *      stopped until all is sent.
     *   c. Receive exactly as many bytes as you sent (loop). End of file before that is an error.
     *   d. Write them to stdout (write may take only a part too), and nothing else. munmap.
     *   The next request leaves when this answer has come: with all requests first, both sides can get stuck. */

    fprintf(stderr, "cln_rev: not written yet (it will connect to %s port %s)\n", host, port);
    return 1;
}
