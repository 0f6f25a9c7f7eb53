/*
 * Operations by paths that try to get out of the base. Whatever succeeds on a group outside is a line `ESCAPED ...`, and so is what can be told from
 * an answer: a group that is there outside must be answered like one that is not (`TELLS ...`).
 */
#include "cgroup-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ONE_OF(array) (array)[chance(COUNT(array))]

/* Longer than any path that the kernel takes. */
enum { HUGE_PATH = 16384 };

static _Atomic unsigned long escapes, tried;
static atomic_int ended;
static int base_folder = -1, removed_folder = -1;
static size_t depth;

static void escaped(const char *what, const char *path) {
    atomic_fetch_add(&escapes, 1);
    printf("ESCAPED %s %.300s\n", what, path);
    fflush(stdout);
}

/* `..` for each level from the base to the hierarchy's root, with detours. */
static void up(char *path, size_t levels) {
    while (levels-- > 0) strcat(path, chance(6) ? "../" : chance(2) ? ".././" : "..//");
}

/* --- Paths --- */

/* One of the ways to say where a group outside lies. */
static void way_to(char *path, const char *group) {
    *path = 0;
    switch (chance(14)) {
        case 0: case 1: sprintf(path, "%s/%s", hierarchy, group); return;
        case 2: sprintf(path, "%s/", base); up(path, depth); break;
        case 3: sprintf(path, "%s/r1/../", base); up(path, depth); break;
        case 4: sprintf(path, "%s/r1/z/../../", base); up(path, depth); break;
        case 5: sprintf(path, "%s/", base); up(path, 40); strcat(path, hierarchy + 1); strcat(path, "/"); break;
        case 6: strcpy(path, "/proc/self/cwd/"); up(path, depth); break;
        case 7: sprintf(path, "/proc/self/fd/%d/", base_folder); up(path, depth); break;
        case 8: sprintf(path, "/proc/self/fd/%d/", removed_folder); up(path, depth + 1); break;
        case 9: up(path, depth); break;
        case 10: sprintf(path, "/proc/self/root%s/", hierarchy); break;
        case 11: sprintf(path, "/proc/thread-self/cwd/%s", "r2/../"); up(path, depth); break;
        case 12:
            sprintf(path, "%s/", base);
            for (uint64_t count = chance(2) ? 1900 : 2500; count > 0; count--) strcat(path, "./");
            up(path, depth);
            break;
        default: sprintf(path, "%s/", hierarchy); break;
    }
    strcat(path, group);
    if (!chance(8)) strcat(path, "/");
    if (!chance(16)) strcat(path, "/.");
}

static const char *const files[] = {"cgroup.procs", "tasks", "notify_on_release", "cgroup.clone_children", "memory.limit_in_bytes", "memory.soft_limit_in_bytes",
    "memory.swappiness", "pids.max", "freezer.state", "cpuset.cpus", "cpuset.mems", "devices.allow", "devices.deny", "devices.list", "cgroup.event_control"};
static const char *const texts[] = {"1", "0", "-1", "max", "67108864", "300", "THAWED", "c 1:3 rwm", "x"};

/* --- Operations --- */

static int write_text(const char *path, const char *text, int flags) {
    int file = open(path, flags | O_CLOEXEC, 0644);
    if (file < 0) return -1;
    ssize_t count = write(file, text, strlen(text));
    int error = errno;
    close(file);
    errno = error;
    return count < 0 ? -1 : 0;
}

static int read_some(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    close(file);
    return 0;
}

static int list_folder(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return -1;
    close(folder);
    return 0;
}

/* What is asked of a group; the same numbers for the group's twin that is not there. */
struct question {
    uint64_t kind;
    const char *file, *text;
    char pid[32];
};

static struct question question(void) {
    struct question result = {.kind = chance(20), .file = ONE_OF(files), .text = ONE_OF(texts)};
    /* Nobody shall be killed for want of memory, not even where this gets through. */
    if (!strcmp(result.file, "memory.limit_in_bytes")) result.text = "67108864";
    uint64_t who = chance(3);
    snprintf(result.pid, sizeof result.pid, "%d", who == 0 && foreign_pid ? (int)foreign_pid : who == 1 ? (int)getpid() : 0);
    return result;
}

/* Those from here on only look at the folder itself, which may be seen above the base. */
enum { LOOKS = 17 };

static const char *ask(const struct question *asked, const char *group, int *outcome) {
    static char file[HUGE_PATH + 300], inner[HUGE_PATH], own[2 * PATH];
    struct stat status;
    snprintf(file, sizeof file, "%s/%s", group, asked->file);
    snprintf(inner, sizeof inner, "%.16000s/guessed", group);
    snprintf(own, sizeof own, "%s/r3", base);
    switch (asked->kind) {
        case 0: case 1: return *outcome = read_some(file), "read";
        case 2: case 3: return *outcome = write_text(file, asked->text, O_WRONLY), "write";
        case 4: return *outcome = write_text(file, asked->text, O_RDWR | O_TRUNC | O_CREAT), "write";
        case 5: case 6:
            snprintf(file, sizeof file, "%s/%s", group, asked->text[0] == '1' ? "tasks" : "cgroup.procs");
            return *outcome = write_text(file, asked->pid, O_WRONLY), "move";
        case 7: return *outcome = mkdir(inner, 0777), "mkdir";
        case 8: return *outcome = rmdir(inner), "rmdir";
        case 9: return *outcome = chmod(asked->text[0] == '1' ? file : group, 0777), "chmod";
        case 10: return *outcome = chown(asked->text[0] == '1' ? file : group, getuid() + 1, (gid_t)-1), "chown";
        case 11: return *outcome = rename(own, inner), "rename";
        case 12: return *outcome = rename(inner, own), "rename";
        case 13: return *outcome = truncate(file, 0), "truncate";
        case 14: return *outcome = utimensat(AT_FDCWD, group, NULL, 0), "utimes";
        case 15: return *outcome = access(file, F_OK), "access";
        case 16: return *outcome = stat(file, &status), "stat";
        case LOOKS: return *outcome = stat(group, &status), "look";
        case LOOKS + 1: return *outcome = access(group, X_OK), "look";
        default: return *outcome = list_folder(group), "look";
    }
}

/* Back to how it was, where it got through: the next one shall find the same. */
static void undo(void) {
    char path[2 * PATH];
    snprintf(path, sizeof path, "%s/r3", base);
    mkdir(path, 0755);
}

static void try_group(const char *group, int is_above) {
    static char path[HUGE_PATH], twin[HUGE_PATH];
    struct question asked = question();
    int outcome, other;
    way_to(path, group);
    const char *what = ask(&asked, path, &outcome);
    int error = errno;
    atomic_fetch_add(&tried, 1);
    if (outcome == 0 && !(is_above && asked.kind >= LOOKS)) escaped(what, path), undo();
    if (outcome == 0 || is_above) return;
    /* The same way, to a name that nobody has. */
    char *last = strstr(strcpy(twin, path), group);
    for (char *found = last; (found = strstr(found + 1, group));) last = found;
    if (!last) return;
    char *name = last + strlen(group) - 1;
    *name = *name == 'Q' ? 'Z' : 'Q';
    ask(&asked, twin, &other);
    if (other == 0 || errno == error) return;
    printf("TELLS %s %.300s: %s, there is none: %s\n", what, path, strerrorname_np(error), strerrorname_np(errno));
    atomic_fetch_add(&escapes, 1);
}

/* --- Races --- */

static void *mover(void *unused) {
    char first[2 * PATH], second[2 * PATH], below[2 * PATH];
    (void)unused;
    snprintf(first, sizeof first, "%s/r1", base);
    snprintf(second, sizeof second, "%s/r2", base);
    snprintf(below, sizeof below, "%s/r1/z", base);
    while (!atomic_load(&ended)) {
        mkdir(first, 0755);
        mkdir(below, 0755);
        rename(first, second);
        rename(second, first);
        rmdir(below);
        rmdir(first);
    }
    return NULL;
}

static void *follower(void *unused) {
    char below[2 * PATH], path[HUGE_PATH];
    (void)unused;
    snprintf(below, sizeof below, "%s/r1/z", base);
    for (size_t turn = 0; !atomic_load(&ended); turn++) {
        int folder = open(below, O_PATH | O_DIRECTORY | O_CLOEXEC);
        const char *group = outside[turn % outside_count];
        *path = 0;
        for (size_t i = 0; i < depth + 2; i++) strcat(path, "../");
        strcat(strcat(strcat(path, group), "/"), files[turn % COUNT(files)]);
        int file = folder < 0 ? -1 : openat(folder, path, turn & 64 ? O_RDONLY | O_CLOEXEC : O_WRONLY | O_CLOEXEC);
        if (file >= 0) escaped("open in a race", path), close(file);
        snprintf(path, sizeof path, "%s/../../", below);
        for (size_t i = 0; i < depth; i++) strcat(path, "../");
        strcat(strcat(path, group), "/guessed");
        if (mkdir(path, 0755) == 0) escaped("mkdir in a race", path), rmdir(path);
        if (folder >= 0) close(folder);
    }
    return NULL;
}

unsigned long fuzz(unsigned long count) {
    char path[2 * PATH];
    pthread_t threads[2];
    if (!outside_count || strncmp(base, hierarchy, strlen(hierarchy))) return 1;
    for (const char *at = base + strlen(hierarchy); *at; at++) depth += *at == '/' && at[1] && at[1] != '/';
    snprintf(path, sizeof path, "%s/gone", base);
    mkdir(path, 0755);
    removed_folder = open(path, O_PATH | O_DIRECTORY);
    rmdir(path);
    base_folder = open(base, O_PATH | O_DIRECTORY);
    undo();
    if (chdir(base) != 0) return 1;
    int with_threads = pthread_create(&threads[0], NULL, mover, NULL) == 0 && pthread_create(&threads[1], NULL, follower, NULL) == 0;
    for (unsigned long i = 0; i < count; i++) {
        if (!chance(50)) {
            /* From a folder that is gone. */
            snprintf(path, sizeof path, "%s/gone", base);
            if (mkdir(path, 0755) == 0 && chdir(path) == 0) rmdir(path);
        } else if (!chance(10) && chdir(base) != 0) break;
        size_t number = (size_t)chance(outside_count + above_count);
        if (number < outside_count) try_group(outside[number], 0);
        else try_group(above[number - outside_count], 1);
    }
    atomic_store(&ended, 1);
    if (with_threads) pthread_join(threads[0], NULL), pthread_join(threads[1], NULL);
    if (chdir("/") != 0) return 1;
    printf("%lu tried, %lu had an effect or told something\n", atomic_load(&tried), atomic_load(&escapes));
    return atomic_load(&escapes);
}
