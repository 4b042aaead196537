/* Preloaded into functions: wall clocks read the cloud's virtual time, monotonic ones stay real, so that timers and sockets go on.
 *
 * WINDTUNNEL_CLOCK names a page that the emulator writes (kit's clock_page.rs). Layout, native byte order: u64 sequence (odd while
 * being written), i64 held flag, i64 held virtual ns, i64 offset ns. Without it everything is as it was. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct page {
    uint64_t sequence;
    int64_t held;
    int64_t held_ns;
    int64_t offset_ns;
};

static const struct page *page;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int looked;

static void look(void) {
    const char *path = getenv("WINDTUNNEL_CLOCK");
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (path != NULL) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
            close(fd);
            if (at != MAP_FAILED) {
                page = at;
            }
        }
    }
    __atomic_store_n(&looked, 1, __ATOMIC_RELEASE);
}

__attribute__((constructor)) static void start(void) {
    look();
}

static int64_t virtual_ns(int64_t real_ns) {
    for (;;) {
        uint64_t before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
        int64_t held = __atomic_load_n(&page->held, __ATOMIC_RELAXED);
        int64_t held_ns = __atomic_load_n(&page->held_ns, __ATOMIC_RELAXED);
        int64_t offset_ns = __atomic_load_n(&page->offset_ns, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if ((before & 1) == 0 && before == __atomic_load_n(&page->sequence, __ATOMIC_RELAXED)) {
            return held ? held_ns : real_ns + offset_ns;
        }
    }
}

int clock_gettime(clockid_t id, struct timespec *at) {
    if (!__atomic_load_n(&looked, __ATOMIC_ACQUIRE)) {
        look();
    }
    int result = real_clock_gettime ? real_clock_gettime(id, at) : (int)syscall(SYS_clock_gettime, id, at);
    if (result == 0 && page != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        int64_t ns = virtual_ns((int64_t)at->tv_sec * 1000000000 + at->tv_nsec);
        at->tv_sec = ns / 1000000000;
        at->tv_nsec = ns % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    if (result == 0 && at != NULL) {
        at->tv_sec = now.tv_sec;
        at->tv_usec = now.tv_nsec / 1000;
    }
    return result;
}

time_t time(time_t *at) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return (time_t)-1;
    }
    if (at != NULL) {
        *at = now.tv_sec;
    }
    return now.tv_sec;
}

int timespec_get(struct timespec *at, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, at) == 0 ? base : 0;
}
