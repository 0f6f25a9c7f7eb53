/*
 * survival-reader MEMORY CPUS SEED PAUSE PATIENCE busy|idle [PATH]: inside a container that has MEMORY KiB and the CPUs of the list 0,1,...: reads all
 * files but PATH over and over until there is something on standard input, in chunks of all sizes, and checks every text. Sleeps PAUSE microseconds
 * after each file.
 *
 * Prints `reading` when it begins, and as they happen
 *     fault PATH WHAT TEXT
 *     hang PATH WHERE IN THE KERNEL        a call that did not return within PATIENCE seconds
 *     slow START DURATION PATH             a call of more than 1 ms, in nanoseconds of CLOCK_MONOTONIC
 * and at the end
 *     latency BUCKET COUNT                 calls of that many nanoseconds and more, up to the next bucket
 *     reads CALLS FILES FAULTS
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 1 << 20, MOST_FAULTS = 20, SUB_BUCKETS = 8, BUCKETS = 64 * SUB_BUCKETS };

static const struct file {
    const char *path;
    enum kind kind;
} files[] = {
    {"/proc/meminfo", MEMINFO}, {"/proc/cpuinfo", CPUINFO}, {"/proc/stat", STAT}, {"/proc/uptime", UPTIME}, {"/proc/loadavg", LOADAVG},
    {"/proc/swaps", SWAPS}, {"/proc/vmstat", VMSTAT}, {"/proc/diskstats", DISKSTATS}, {"/proc/slabinfo", SLABINFO},
    {"/proc/pressure/cpu", PRESSURE}, {"/proc/pressure/io", PRESSURE}, {"/proc/pressure/memory", PRESSURE},
    {"/sys/devices/system/cpu/online", CPU_LIST}, {"/sys/devices/system/cpu/possible", CPU_LIST}, {"/sys/devices/system/cpu/present", CPU_LIST},
};
enum { FILES = sizeof files / sizeof *files };

/* Files that stay open while others are read, a chunk of them every now and then. */
static struct held {
    int file;
    size_t chunk, length;
    int descriptor;
    double began, ended;
    struct series last;
    char text[65536];
} held[] = {{.file = 2, .chunk = 61}, {.file = 0, .chunk = 97}, {.file = 6, .chunk = 409}, {.file = 3, .chunk = 5}, {.file = 1, .chunk = 201}};

static struct expectation expected;
static struct series last[FILES];
static uint64_t latencies[BUCKETS], calls, texts, faults, state;
static pid_t thread;
/* When the call that is going on began, 0 between two calls; and its file. */
static _Atomic uint64_t call_began;
static const char *_Atomic call_path;

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double seconds(void) { return (double)nanoseconds() / 1e9; }

/* xorshift. */
static uint64_t chance(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* Buckets grow by an eighth of a power of two. */
static int bucket(uint64_t value) {
    if (value < SUB_BUCKETS) return (int)value;
    int power = 63 - __builtin_clzll(value);
    return (power - 2) * SUB_BUCKETS + (int)(value >> (power - 3) & (SUB_BUCKETS - 1));
}

static uint64_t lower_bound(int bucket) {
    if (bucket < SUB_BUCKETS) return (uint64_t)bucket;
    return (uint64_t)(SUB_BUCKETS + bucket % SUB_BUCKETS) << (bucket / SUB_BUCKETS - 1);
}

static void begin(const char *path) {
    atomic_store(&call_path, path);
    atomic_store(&call_began, nanoseconds());
}

/* Keeps errno. */
static void end(const char *path) {
    int error = errno;
    uint64_t began = atomic_exchange(&call_began, 0), took = nanoseconds() - began;
    latencies[bucket(took)]++;
    calls++;
    if (took > 1000000) {
        printf("slow %llu %llu %s\n", (unsigned long long)began, (unsigned long long)took, path);
        fflush(stdout);
    }
    errno = error;
}

/* Prints what is wrong with a text: its newlines are shown as `|`. */
static void fault(const char *path, const char *what, const char *text, size_t length) {
    if (++faults > MOST_FAULTS) return;
    printf("fault %s %s: ", path, what);
    for (size_t i = 0; i < length && i < 3000; i++) putchar(text[i] == '\n' ? '|' : text[i]);
    putchar('\n');
    fflush(stdout);
}

static void failed(const char *path, const char *call) {
    char text[128];
    int length = snprintf(text, sizeof text, "%s", strerror(errno));
    fault(path, call, text, (size_t)length);
}

static int open_file(const char *path) {
    begin(path);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    end(path);
    if (descriptor < 0) failed(path, "open");
    return descriptor;
}

static ssize_t read_part(const char *path, int descriptor, char *bytes, size_t count) {
    begin(path);
    ssize_t got = read(descriptor, bytes, count);
    end(path);
    if (got < 0) failed(path, "read");
    return got;
}

/* Opens a file and reads it to its end in pieces of `chunk` bytes. */
static void read_whole(int index, size_t chunk) {
    static char text[LONGEST];
    const char *path = files[index].path;
    int descriptor = open_file(path);
    if (descriptor < 0) return;
    size_t length = 0;
    ssize_t got;
    double began = seconds(), ended = 0;
    do {
        got = read_part(path, descriptor, text + length, chunk < LONGEST - length ? chunk : LONGEST - length);
        if (!length) ended = seconds();
        if (got > 0) length += (size_t)got;
    } while (got > 0 && length < LONGEST);
    close(descriptor);
    if (got < 0) return;
    texts++;
    const char *wrong = check(files[index].kind, text, length, began, ended, &last[index], &expected);
    if (wrong) fault(path, wrong, text, length);
}

/* Reads the next piece of a file that stays open. At its end it is checked, and read again from its start; now and then it is opened anew. */
static void read_on(struct held *held) {
    const char *path = files[held->file].path;
    if (held->descriptor <= 0) {
        held->descriptor = open_file(path);
        held->length = 0;
        if (held->descriptor < 0) return;
    }
    size_t room = sizeof held->text - held->length;
    double began = seconds();
    ssize_t got = read_part(path, held->descriptor, held->text + held->length, held->chunk < room ? held->chunk : room);
    if (!held->length) {
        held->began = began;
        held->ended = seconds();
    }
    if (got > 0) {
        held->length += (size_t)got;
        return;
    }
    if (got == 0) {
        texts++;
        const char *wrong = check(files[held->file].kind, held->text, held->length, held->began, held->ended, &held->last, &expected);
        if (wrong) fault(path, wrong, held->text, held->length);
    }
    held->length = 0;
    if (got < 0 || chance(3) == 0) {
        close(held->descriptor);
        held->descriptor = 0;
    } else {
        lseek(held->descriptor, 0, SEEK_SET);
    }
}

/* The folders cpuN are those of the container's CPUs, and stat(2) finds a file in each listing. */
static void read_folder(void) {
    static const char path[] = "/sys/devices/system/cpu";
    begin(path);
    DIR *folder = opendir(path);
    end(path);
    if (!folder) return failed(path, "opendir");
    char seen[MOST_CPUS] = {0};
    unsigned count = 0;
    int has_online = 0;
    for (;;) {
        begin(path);
        errno = 0;
        struct dirent *entry = readdir(folder);
        end(path);
        if (!entry) break;
        char *rest;
        has_online |= !strcmp(entry->d_name, "online");
        if (strncmp(entry->d_name, "cpu", 3) || entry->d_name[3] < '0' || entry->d_name[3] > '9') continue;
        unsigned long number = strtoul(entry->d_name + 3, &rest, 10);
        if (!*rest && number < MOST_CPUS && !seen[number]) seen[number] = 1, count++;
    }
    if (errno) failed(path, "readdir");
    closedir(folder);
    int is_right = has_online && count == expected.cpu_count;
    for (unsigned i = 0; i < expected.cpu_count; i++) is_right &= seen[expected.cpus[i]];
    if (!is_right) fault(path, "not the container's CPUs", "", 0);
    struct stat status;
    const char *file = "/sys/devices/system/cpu/present";
    begin(file);
    int result = stat(file, &status);
    end(file);
    if (result) failed(file, "stat");
    else if (!S_ISREG(status.st_mode)) fault(file, "not a file", "", 0);
}

/* The first line of a file of the kernel's, without its end. */
static void read_line(const char *path, char *line, size_t room) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = descriptor < 0 ? 0 : read(descriptor, line, room - 1);
    if (descriptor >= 0) close(descriptor);
    line[got > 0 ? got : 0] = 0;
    for (char *at = line; *at; at++)
        if (*at == '\n') *at = '|';
}

/* Looks every half second whether a call hangs, and where. */
static void *watch(void *patience) {
    uint64_t limit = (uint64_t)(*(double *)patience * 1e9), reported = 0;
    for (;;) {
        usleep(500000);
        uint64_t began = atomic_load(&call_began);
        if (!began || began == reported || nanoseconds() - began < limit) continue;
        reported = began;
        char name[64], where[256], stack[1024];
        snprintf(name, sizeof name, "/proc/self/task/%d/wchan", (int)thread);
        read_line(name, where, sizeof where);
        snprintf(name, sizeof name, "/proc/self/task/%d/stack", (int)thread);
        read_line(name, stack, sizeof stack);
        printf("hang %s %s %s\n", atomic_load(&call_path), where, stack);
        fflush(stdout);
    }
    return NULL;
}

static int is_over(void) {
    char byte;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    return poll(&input, 1, 0) > 0 && read(0, &byte, 1) <= 1;
}

static void summarize(void) {
    for (int i = 0; i < BUCKETS; i++)
        if (latencies[i]) printf("latency %llu %llu\n", (unsigned long long)lower_bound(i), (unsigned long long)latencies[i]);
    printf("reads %llu %llu %llu\n", (unsigned long long)calls, (unsigned long long)texts, (unsigned long long)faults);
    fflush(stdout);
}

int main(int count, char **arguments) {
    static double patience;
    static const size_t chunks[] = {LONGEST, 4096, LONGEST, 4096, LONGEST, 1000, 100, 7};
    if (count < 7) return 2;
    expected.memory = strtoull(arguments[1], NULL, 10);
    for (char *at = arguments[2]; *at && expected.cpu_count < MOST_CPUS; at += *at == ',') expected.cpus[expected.cpu_count++] = (unsigned)strtoul(at, &at, 10);
    state = strtoull(arguments[3], NULL, 10) * 2654435769u + 88172645463325252u;
    useconds_t pause = (useconds_t)strtoul(arguments[4], NULL, 10);
    patience = strtod(arguments[5], NULL);
    expected.is_busy = !strcmp(arguments[6], "busy");
    thread = (pid_t)syscall(SYS_gettid);
    pthread_t watcher;
    if (pthread_create(&watcher, NULL, watch, &patience)) return 1;
    /* The kernel may have been built without some of them. */
    int is_read[FILES];
    for (int index = 0; index < FILES; index++)
        is_read[index] = (access(files[index].path, F_OK) == 0 || errno != ENOENT) && (count < 8 || strcmp(arguments[7], files[index].path));
    printf("reading\n");
    fflush(stdout);
    while (!is_over()) {
        for (int index = 0; index < FILES; index++) {
            if (!is_read[index]) continue;
            /* One byte at a time now and then. */
            read_whole(index, chance(64) ? chunks[chance(sizeof chunks / sizeof *chunks)] : 1);
            for (size_t i = 0; i < sizeof held / sizeof *held; i++)
                if (is_read[held[i].file] && !chance(2)) read_on(&held[i]);
            usleep(pause);
        }
        read_folder();
    }
    summarize();
    return 0;
}
