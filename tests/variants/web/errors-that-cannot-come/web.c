#include "web.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long to leave the accept queue alone when there is no descriptor left for a new connection. */
#define ACCEPT_WAIT_MS 100

/* How long to wait for the client to close after a reply: one that does not delays the next client by this much. */
#define CLOSE_WAIT_MS 500

/* Milliseconds of a clock that only goes forward. */
static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void fail(const char *operation)
{
    perror(operation);
    exit(EXIT_FAILURE);
}

uint16_t port_number(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    /* strtoul would also take spaces and a sign in front of the number */
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || port < 1 || port > 65535) {
        fprintf(stderr, "port must be a number from 1 to 65535: %s\n", text);
        exit(EXIT_FAILURE);
    }
    return (uint16_t)port;
}

int listening_socket(const char *port)
{
    struct sockaddr_in addr;
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port_number(port));
    addr.sin_addr.s_addr = htonl(INADDR_ANY);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        fail("socket");
    /* The server closes first, so its connections stay in TIME-WAIT: without this it could not be restarted. */
    int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == -1)
        fail("setsockopt");
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        fail("bind");
    if (listen(fd, SOMAXCONN) == -1)
        fail("listen");
    return fd;
}

/* To be called after accept failed, with its errno. Ends the program only if accept can never work. */
static void after_accept_error(void)
{
    static int64_t next_message;

    switch (errno) {
    case EINTR:
    case EAGAIN:
    case ECONNABORTED:
    case EPROTO: /* only that connection is lost: the next one may be fine */
        return;
    case EBADF:
    case EFAULT:
    case EINVAL:
    case ENOTSOCK: /* a mistake in the program: trying again cannot help */
        fail("accept");
    }
    /* EMFILE, ENFILE, ENOBUFS, ENOMEM: the connection stays in the queue, so accept would fail again at once.
     * One message every ten seconds, not one per attempt. */
    if (now_ms() >= next_message) {
        perror("accept (will try again)");
        next_message = now_ms() + 10000;
    }
    poll(NULL, 0, ACCEPT_WAIT_MS); /* just a pause: do not spin */
}

/* Lines end in CRLF; a lone LF, as people type it into nc, will do (RFC 9112, section 2.2). */
static bool has_empty_line(const char *buf, size_t len)
{
    return memmem(buf, len, "\n\r\n", 3) != NULL || memmem(buf, len, "\n\n", 2) != NULL;
}

/* Receives into BUF until the empty line or until BUF is full, however TCP splits the request: the number of bytes.
 * 0: the client ended or broke the connection before. */
static size_t receive_head(int fd, char buf[MAX_REQUEST])
{
    size_t len = 0;

    while (len < MAX_REQUEST) {
        ssize_t n = recv(fd, buf + len, MAX_REQUEST - len, 0);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        if (has_empty_line(buf, len))
            break;
    }
    return len;
}

/* Turns the TARGET of a request into a PATH below the current directory. NULL, or the status of the error reply. */
static const char *decode_path(const char *target, char *path)
{
    size_t len = 0;

    if (target[0] != '/')
        return "400 Bad Request";
    path[len++] = '.';
    /* The query after a ? would be for a program; here it says nothing about the file. */
    for (const char *p = target; *p != '\0' && *p != '?'; p++) {
        char byte = *p;
        if (byte == '%') {
            if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
                return "400 Bad Request";
            const char hex[3] = {p[1], p[2], '\0'};
            byte = (char)strtoul(hex, NULL, 16);
            p += 2;
        }
        if (byte == '\0') /* %00 would cut the path short */
            return "400 Bad Request";
        path[len++] = byte;
    }
    path[len] = '\0';

    /* After the decoding, or %2e%2e and %2f would get past. Symbolic links are followed: they are the owner's. */
    if (strstr(path, "/../") != NULL || (len > 3 && strcmp(path + len - 3, "/..") == 0))
        return "403 Forbidden";
    return NULL;
}

/* Takes the LEN bytes of a request apart. The header fields do not matter here: only the first line is looked at.
 * NULL, or the status of the error reply. */
static const char *parse_request(char *buf, size_t len, struct request *request)
{
    char *end = memchr(buf, '\n', len);
    if (end == NULL)
        return "414 URI Too Long";
    if (!has_empty_line(buf, len))
        return "431 Request Header Fields Too Large";
    if (end > buf && end[-1] == '\r')
        end--;
    *end = '\0';
    if (strlen(buf) != (size_t)(end - buf)) /* a NUL in the line */
        return "400 Bad Request";

    /* METHOD TARGET VERSION, one space between them */
    char *target = strchr(buf, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (target == buf || version == NULL)
        return "400 Bad Request";
    *target++ = '\0';
    *version++ = '\0';

    request->head = strcmp(buf, "HEAD") == 0;
    if (strncmp(version, "HTTP/", 5) != 0 || !isdigit((unsigned char)version[5]) || version[6] != '.' ||
        !isdigit((unsigned char)version[7]) || version[8] != '\0')
        return "400 Bad Request";
    if (version[5] != '1')
        return "505 HTTP Version Not Supported";
    if (!request->head && strcmp(buf, "GET") != 0)
        return "501 Not Implemented";
    return decode_path(target, request->path);
}

int receive_request(int listener, struct request *request)
{
    char buf[MAX_REQUEST];

    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection == -1) {
            after_accept_error();
            continue;
        }
        size_t len = receive_head(connection, buf);
        if (len > 0) {
            request->head = false;
            const char *status = parse_request(buf, len, request);
            if (status == NULL)
                return connection;
            send_error(connection, request, status);
        }
        close_connection(connection);
    }
}

int open_file(int connection, const struct request *request, off_t *size)
{
    /* Without O_NONBLOCK a FIFO would hold the server until somebody writes into it. It does not matter to a file. */
    int file = open(request->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (file == -1) {
        switch (errno) {
        case ENOENT:
        case ENOTDIR:
        case ENAMETOOLONG:
        case ELOOP:
            send_error(connection, request, "404 Not Found");
            break;
        case EACCES:
        case EPERM:
        case ENXIO: /* a socket, or a device that is not there */
            send_error(connection, request, "403 Forbidden");
            break;
        default:
            send_error(connection, request, "500 Internal Server Error");
        }
        return -1;
    }
    /* fstat, not stat: it tells about what was opened, even if the name is another file's by now. */
    if (fstat(file, &st) == -1 || !S_ISREG(st.st_mode)) {
        send_error(connection, request, "403 Forbidden"); /* a directory, a FIFO, a device */
        close(file);
        return -1;
    }
    *size = st.st_size;
    return file;
}

void prepare_header(off_t size, char header[MAX_HEADER])
{
    /* off_t has 64 bits: with %d a file of over 2 GiB would get a wrong length. */
    snprintf(header, MAX_HEADER,
             "HTTP/1.1 200 OK\r\n"
             "Content-Length: %jd\r\n"
             "Connection: close\r\n"
             "\r\n",
             (intmax_t)size);
}

int send_all(int fd, const void *buf, size_t len, int flags)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = send(fd, (const char *)buf + done, len - done, flags);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

void send_error(int connection, const struct request *request, const char *status)
{
    char reply[2 * MAX_HEADER];
    int len = snprintf(reply, sizeof reply,
                       "HTTP/1.1 %s\r\n"
                       "Content-Type: text/plain\r\n"
                       "Content-Length: %zu\r\n"
                       "Connection: close\r\n"
                       "\r\n",
                       status, strlen(status) + 1);
    if (!request->head)
        len += snprintf(reply + len, sizeof reply - (size_t)len, "%s\n", status);
    send_all(connection, reply, (size_t)len, 0); /* if the client has gone, nobody misses it */
}

void close_connection(int connection)
{
    /* A close while received bytes are unread (the body of a POST, a request that is too long) sends a reset, and
     * that can destroy a reply on its way. So: end of file first, then receive until the client closes too. */
    int64_t end = now_ms() + CLOSE_WAIT_MS;
    int64_t left;
    char unwanted[16 * 1024];

    shutdown(connection, SHUT_WR);
    while ((left = end - now_ms()) > 0) {
        struct pollfd client = {.fd = connection, .events = POLLIN};
        if (poll(&client, 1, (int)left) == -1 && errno != EINTR)
            break;
        ssize_t n = recv(connection, unwanted, sizeof unwanted, MSG_DONTWAIT);
        if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
            break;
    }
    close(connection);
}
