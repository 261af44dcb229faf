/* A disk that needs longer to sync, for tests/bench: preloaded into a program, it lets each fsync and
   fdatasync of a file below a directory named "slow-disk" take BENCH_SLOW_SYNC microseconds more.
   Of any other file only the first sync costs anything: what is known of a descriptor is kept until it is
   closed. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { UNKNOWN, QUICK, SLOW };
#define DESCRIPTORS 4096
static atomic_char known[DESCRIPTORS];
static long delay;

__attribute__((constructor)) static void begin(void)
{
    const char *more = getenv("BENCH_SLOW_SYNC");
    delay = more ? atol(more) : 0;
}

static char look(int file)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return UNKNOWN;
    path[length] = '\0';
    return strstr(path, "/slow-disk/") ? SLOW : QUICK;
}

static char speed(int file)
{
    if (file < 0 || file >= DESCRIPTORS)
        return look(file);
    char found = known[file];
    if (found == UNKNOWN)
        known[file] = found = look(file);
    return found;
}

static int delayed(int result, int file)
{
    int error = errno;
    if (result == 0 && delay > 0 && speed(file) == SLOW) {
        struct timespec time = { delay / 1000000, delay % 1000000 * 1000 };
        while (nanosleep(&time, &time) != 0 && errno == EINTR) { }
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

int close(int file)
{
    if (file >= 0 && file < DESCRIPTORS)
        known[file] = UNKNOWN;
    return (int)syscall(SYS_close, file);
}
