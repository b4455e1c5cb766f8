/* A program with these functions in place of libc's ends when a call gives it EINTR, or less than it asked for on a blocking
 * socket although its peer is there: no check but those that are about it may let it see that. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST 0x7ffff000 /* bytes that one call moves at most (read(2)) */

static void mark(const char *what, const char *call)
{
    char text[80];
    int n = snprintf(text, sizeof text, "MARK: %s from %s\n", what, call);
    syscall(SYS_write, 2, text, n);
    abort();
}

static ssize_t seen(ssize_t result, const char *call)
{
    if (result == -1 && errno == EINTR)
        mark("EINTR", call);
    return result;
}

/* The peer has neither ended nor reset the connection, and the socket waits where it must. */
static bool blocking_and_whole(int fd)
{
    int type, flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
    socklen_t size = sizeof type;
    if (flags == -1 || (flags & O_NONBLOCK) != 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == -1)
        return false;
    struct pollfd polled = {.fd = fd, .events = POLLRDHUP};
    syscall(SYS_poll, &polled, 1, 0);
    return (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
}

static ssize_t sent(int fd, ssize_t result, size_t asked, int flags, const char *call)
{
    if (asked > MOST)
        asked = MOST;
    if (result >= 0 && (size_t)result < asked && (flags & MSG_DONTWAIT) == 0 && blocking_and_whole(fd))
        mark("a short count", call);
    return seen(result, call);
}

static size_t length(const struct iovec *parts, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += parts[i].iov_len;
    return sum;
}

ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size)
{
    ssize_t n = syscall(SYS_recvfrom, fd, buf, len, flags, from, size);
    if ((flags & MSG_WAITALL) != 0 && n > 0 && (size_t)n < len && blocking_and_whole(fd))
        mark("a short count", "recv with MSG_WAITALL");
    return seen(n, "recv");
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    return recvfrom(fd, buf, len, flags, NULL, NULL);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return seen(syscall(SYS_recvmsg, fd, message, flags), "recvmsg");
}

ssize_t read(int fd, void *buf, size_t len)
{
    return seen(syscall(SYS_read, fd, buf, len), "read");
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t size)
{
    return sent(fd, syscall(SYS_sendto, fd, buf, len, flags, to, size), len, flags, "send");
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
    return sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    size_t len = length(message->msg_iov, message->msg_iovlen);
    return sent(fd, syscall(SYS_sendmsg, fd, message, flags), len, flags, "sendmsg");
}

ssize_t write(int fd, const void *buf, size_t len)
{
    return sent(fd, syscall(SYS_write, fd, buf, len), len, 0, "write");
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return sent(fd, syscall(SYS_writev, fd, parts, count), length(parts, (size_t)count), 0, "writev");
}

ssize_t sendfile(int out, int in, off_t *offset, size_t len)
{
    return seen(syscall(SYS_sendfile, out, in, offset, len), "sendfile");
}

int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    return (int)seen(syscall(SYS_accept4, fd, from, size, flags), "accept");
}

int accept(int fd, struct sockaddr *from, socklen_t *size)
{
    return accept4(fd, from, size, 0);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return (int)seen(syscall(SYS_poll, fds, count, timeout), "poll");
}

int select(int count, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout)
{
    return (int)seen(syscall(SYS_select, count, in, out, other, timeout), "select");
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
    return (int)seen(syscall(SYS_epoll_wait, fd, events, count, timeout), "epoll_wait");
}
