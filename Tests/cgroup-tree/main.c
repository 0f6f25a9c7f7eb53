/*
 * cgroup-tree [OPTION...] do BASE OPERATION...        operations as arguments, one each
 * cgroup-tree [OPTION...] sequence SEED COUNT BASE    random ones in the subtree BASE: equal for equal seeds, kernel and caller
 * cgroup-tree [OPTION...] fuzz SEED COUNT BASE        random ones by paths that try to get out of it, with threads that move what lies below
 * cgroup-tree [OPTION...] lookups SEED COUNT BASE     stat of names there are and there are not
 * cgroup-tree [OPTION...] pairs SEED COUNT BASE       mkdir and rmdir; a line for each wrong answer
 * cgroup-tree [OPTION...] swaps SEED COUNT BASE       reads and writes of a file that stays open while its group changes places with another one
 * cgroup-tree without-open-tree PROGRAM [ARGUMENT...] the program, for which there is no open_tree(2)
 * cgroup-tree say TEXT                                writes it to standard output; what came of it to standard error
 *
 *   --foreign-pid N           a process that is none of this program's, for `move ... foreign`
 *   --uid N                   becomes that user and group, without capabilities
 *   --without-capabilities N  gives up the effective ones, and of the permitted those that are not in the mask N
 *   --hierarchy PATH          for fuzz: the folder that the next two begin at; for swaps: BASE in cgroupfs
 *   --outside PATH            for fuzz: a group that the caller does not see
 *   --above PATH              for fuzz: a group that lies above BASE
 *
 * An operation is printed as it was asked for, and what came of it: `mkdir a 0755 -> ok`, `read a/tasks -> ok child0 self`, `rmdir a -> EBUSY`.
 * Words: no blanks in them (\x20), newlines as \n, `x*5000` for 5000 of them. Paths are relative to BASE.
 *
 * Static, so that it runs in any root file system. Two file systems that behave alike print the same for the same seed. To make that so, these are left
 * out or made alike:
 *   - inode and device numbers, block counts, times, statfs(2), extended attributes, fstat(2) of what was removed;
 *   - lengths of files: 0 in cgroupfs, 4096 in the tree (one of FUSE that is 0 bytes long is not read by sendfile(2));
 *   - pids: by the names of this program's processes, `other` for those of somebody else;
 *   - the values of counters (memory.usage_in_bytes, memory.stat, ...): only whether they can be read;
 *   - freezer.state: FREEZING is FROZEN, since tasks freeze in the course of time;
 *   - for callers whom modes bind, `.` and `..` in paths: the way through a directory that may not be passed, and on from there, is asked of cgroupfs only,
 *     and where more than that is wrong with a rename, link or rmdir, another error may be named: all are alike there;
 *   - writes of no bytes, which FUSE does not pass on, and writes to cgroup.event_control;
 *   - chmod, chown, rename and rmdir of BASE itself, and `..` above it;
 *   - reading and writing a file that was open before a mode or owner was changed, for callers whom modes bind: they close it first;
 *   - whatever would freeze this program, or move a process that is not its own;
 *   - limits so small that somebody would be killed for want of memory, settings that change the machine beyond the group (cpu_exclusive, load balancing).
 */
#include "cgroup-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

char base[PATH];
pid_t foreign_pid;
int is_random;
const char *hierarchy = "", *outside[16], *above[16];
size_t outside_count, above_count;
static uint64_t state;

/* SplitMix64. */
static uint64_t next(void) {
    uint64_t mixed = state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

uint64_t chance(uint64_t below) { return next() % below; }

void seed(uint64_t value) { state = value; }

static void fail(const char *what) {
    fprintf(stderr, "cgroup-tree: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void give_up_capabilities(unsigned long long kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0) fail("capget");
    data[0].effective = data[1].effective = 0;
    data[0].permitted &= (uint32_t)kept, data[1].permitted &= (uint32_t)(kept >> 32);
    data[0].inheritable = data[1].inheritable = 0;
    if (syscall(SYS_capset, &header, data) != 0) fail("capset");
}

static void become(uid_t user) {
    if (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0) fail("setresuid");
}

static void lookups(unsigned long count) {
    static const char *const names[] = {"a", "b/c", "none", "tasks", "b/none/none", "cgroup.procs", "b/tasks"};
    char path[2 * PATH];
    struct stat status;
    unsigned long found = 0;
    for (unsigned long i = 0; i < count; i++) {
        /* Half of them have a name that nobody has asked for before. */
        uint64_t number = next();
        if (number & 1) snprintf(path, sizeof path, "%s/n%llx", base, (unsigned long long)number);
        else snprintf(path, sizeof path, "%s/%s", base, names[number / 2 % (sizeof names / sizeof *names)]);
        found += stat(path, &status) == 0;
    }
    printf("%lu looked up, %lu found\n", count, found);
}

static void wrong(const char *what, int error, unsigned long number) {
    static int times;
    printf("wrong %s %s in pair %lu\n", what, error ? strerrorname_np(error) : "found", number);
    fflush(stdout);
    if (++times == 20) exit(1);
}

static void pairs(unsigned long count) {
    char path[2 * PATH];
    struct stat status;
    for (unsigned long i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/pair%llu", base, (unsigned long long)chance(3));
        if (mkdir(path, 0755) != 0) wrong("mkdir", errno, i);
        if (stat(path, &status) != 0) wrong("stat", errno, i);
        if (mkdir(path, 0755) == 0 || errno != EEXIST) wrong("second mkdir", errno, i);
        if (rmdir(path) != 0) wrong("rmdir", errno, i);
        if (stat(path, &status) == 0 || errno != ENOENT) wrong("stat of the removed", errno, i);
        if (rmdir(path) == 0 || errno != ENOENT) wrong("second rmdir", errno, i);
        /* How far it has come. */
        if (i % 10 == 9) printf("pairs %lu\n", i + 1), fflush(stdout);
    }
}

static atomic_int is_over;

static void *swap(void *unused) {
    char first[2 * PATH], second[2 * PATH], third[2 * PATH];
    snprintf(first, sizeof first, "%s/a", hierarchy);
    snprintf(second, sizeof second, "%s/b", hierarchy);
    snprintf(third, sizeof third, "%s/c", hierarchy);
    while (!atomic_load(&is_over)) rename(first, third), rename(second, first), rename(third, second);
    return unused;
}

static char value_of(int file) {
    char value = '-';
    return pread(file, &value, 1, 0) == 1 ? value : '-';
}

/* The file of `a` is that of `a` for good, or cannot be reached at the moment. */
static void swaps(unsigned long count) {
    char path[2 * PATH];
    struct stat before, now;
    pthread_t thread;
    unsigned long right = 0, other = 0;
    for (int name = 'a'; name <= 'b'; name++) {
        snprintf(path, sizeof path, "%s/%c", base, name);
        if (mkdir(path, 0755) != 0) fail(path);
    }
    int twin_folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), twin = openat(twin_folder, "notify_on_release", O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/a", base);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file = openat(folder, "notify_on_release", O_RDWR | O_CLOEXEC);
    if (pwrite(file, "1", 1, 0) != 1 || twin < 0 || fstat(folder, &before) != 0) fail(path);
    if (pthread_create(&thread, NULL, swap, NULL) != 0) fail("thread");
    for (unsigned long i = 0; i < count; i++) {
        char value = i & 1 ? pwrite(file, "1", 1, 0) == 1 ? '1' : '-' : value_of(file);
        right += value == '1';
        other += value == '0' || (i % 8 == 0 && fstat(folder, &now) == 0 && now.st_ino != before.st_ino);
    }
    atomic_store(&is_over, 1);
    pthread_join(thread, NULL);
    printf("%s; another one was reached %lu times; a %c, b %c\n", right > count / 50 ? "reached" : "not reached", other, value_of(file), value_of(twin));
}

/* No Linux that has a cgroup tree is without it; a filter may be. */
static int without_open_tree(char *arguments[]) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_tree, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) fail("seccomp");
    execv(arguments[0], arguments);
    fail(arguments[0]);
    return 2;
}

static int random_mode(const char *mode, char *arguments[]) {
    unsigned long count = strtoul(arguments[1], NULL, 10);
    seed(strtoull(arguments[0], NULL, 10));
    snprintf(base, sizeof base, "%s", arguments[2]);
    if (!strcmp(mode, "lookups")) return lookups(count), 0;
    if (!strcmp(mode, "pairs")) return pairs(count), 0;
    if (!strcmp(mode, "swaps")) return swaps(count), 0;
    is_random = 1;
    start_processes();
    unsigned long escapes = 0;
    if (!strcmp(mode, "sequence")) sequence(count);
    else escapes = fuzz(count);
    end_processes();
    return escapes > 0;
}

int main(int count, char *arguments[]) {
    int at = 1;
    for (; at + 1 < count && !strncmp(arguments[at], "--", 2); at++) {
        const char *option = arguments[at];
        char *value = arguments[++at];
        if (!strcmp(option, "--foreign-pid")) foreign_pid = atoi(value);
        else if (!strcmp(option, "--without-capabilities")) give_up_capabilities(strtoull(value, NULL, 16));
        else if (!strcmp(option, "--uid")) become((uid_t)atoi(value));
        else if (!strcmp(option, "--hierarchy")) hierarchy = value;
        else if (!strcmp(option, "--outside") && outside_count < 16) outside[outside_count++] = value;
        else if (!strcmp(option, "--above") && above_count < 16) above[above_count++] = value;
        else at = count;
    }
    const char *mode = at < count ? arguments[at++] : "";
    umask(022);
    if (chdir("/") != 0) fail("/");
    if (!strcmp(mode, "do") && at < count) {
        snprintf(base, sizeof base, "%s", arguments[at++]);
        start_processes();
        for (; at < count; at++) operate_line(arguments[at]);
        end_processes();
        return 0;
    }
    if (!strcmp(mode, "say") && at < count) {
        ssize_t written = write(1, arguments[at], strlen(arguments[at]));
        fprintf(stderr, "euid %u: %s\n", geteuid(), written < 0 ? strerrorname_np(errno) : "ok");
        return 0;
    }
    if (!strcmp(mode, "without-open-tree") && at < count) return without_open_tree(arguments + at);
    static const char *const known[] = {"sequence", "fuzz", "lookups", "pairs", "swaps"};
    for (size_t i = 0; i < sizeof known / sizeof *known && at + 2 < count; i++)
        if (!strcmp(mode, known[i])) return random_mode(mode, arguments + at);
    fprintf(stderr, "usage: cgroup-tree [OPTION...] do BASE OPERATION... | sequence|fuzz|lookups|pairs|swaps SEED COUNT BASE\n");
    return 2;
}
