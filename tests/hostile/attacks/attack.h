/* What an attack on the room may use. It runs before main of a correct client that is called as it should be: an attempt
 * that was refused returns, and the client goes on and passes; one that succeeded says so and ends the program, which then
 * fails its checks. */
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void attempt(int argc, char **argv);

__attribute__((constructor)) static void attack(int argc, char **argv)
{
    if (argc == 3) /* a usage error is watched for calls that the attempt makes */
        attempt(argc, argv);
}

#define ATTEMPT static void attempt(int argc, char **argv)
#define UNUSED ((void)argc, (void)argv)

static inline void succeeded(const char *what)
{
    dprintf(2, "the attack succeeded: %s\n", what);
    _exit(99);
}

/* Every process that /proc shows but this one. */
static inline int others(int *pids, int most)
{
    int count = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc)) && count < most;) {
        int pid = atoi(entry->d_name);
        if (pid > 0 && pid != getpid())
            pids[count++] = pid;
    }
    if (proc)
        closedir(proc);
    return count;
}

/* Holds a folder open, and stands in it, whose path is longer than a link in /proc can tell. */
static inline void stand_too_deep(void)
{
    char name[201];
    memset(name, 'a', 200);
    name[200] = 0;
    for (int depth = 0; depth < 30; depth++)
        if (mkdir(name, 0700) == -1 || chdir(name) == -1)
            break;
    open(".", O_RDONLY | O_DIRECTORY);
}

static inline int opens(const char *path, int flags)
{
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}
