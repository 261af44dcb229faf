/* A disk that needs longer to sync, for tests/bench: preloaded into a program, it lets each fsync and
   fdatasync of a file below a directory named "slow-disk" take BENCH_SLOW_SYNC microseconds more. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int delayed(int result, int file)
{
    char link[64], path[4096];
    const char *more = getenv("BENCH_SLOW_SYNC");
    int error = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (result == 0 && more && length > 0) {
        path[length] = '\0';
        if (strstr(path, "/slow-disk/")) {
            long delay = atol(more);
            struct timespec time = { delay / 1000000, delay % 1000000 * 1000 };
            while (nanosleep(&time, &time) != 0 && errno == EINTR) { }
        }
    }
    errno = error;
    return result;
}

int fsync(int file)
{
    return delayed((int)syscall(SYS_fsync, file), file);
}

int fdatasync(int file)
{
    return delayed((int)syscall(SYS_fdatasync, file), file);
}
