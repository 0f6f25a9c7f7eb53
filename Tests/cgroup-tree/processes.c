/* Processes of this program's own, what they are called, and the freezer, which they must not get into. */
#include "cgroup-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t children[CHILDREN], dead, thread;

static void *idle(void *unused) {
    (void)unused;
    __atomic_store_n(&thread, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    for (;;) pause();
}

/* The v1 freezer's line of /proc/PID/cgroup. */
static void freezer_group(pid_t task, char *line, size_t size) {
    char path[64], text[8192];
    snprintf(path, sizeof path, "/proc/self/task/%d/cgroup", task);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    text[length > 0 ? length : 0] = 0;
    char *found = strstr(text, ":freezer:");
    snprintf(line, size, "%.*s", found ? (int)strcspn(found, "\n") : 0, found ? found : "");
}

/* Where this program was at its start: a group that it does not freeze. */
static char first[4096];

void start_processes(void) {
    pid_t parent = getpid();
    freezer_group(parent, first, sizeof first);
    for (int i = 0; i <= CHILDREN; i++) {
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (i == CHILDREN || getppid() != parent) _exit(0);
            for (;;) pause();
        }
        *(i == CHILDREN ? &dead : &children[i]) = child;
    }
    while (waitpid(dead, NULL, 0) < 0 && errno == EINTR) {}
    pthread_t handle;
    if (pthread_create(&handle, NULL, idle, NULL) != 0) return;
    while (!__atomic_load_n(&thread, __ATOMIC_SEQ_CST)) sched_yield();
}

void end_processes(void) {
    /* Not waited for: they may be frozen. */
    for (int i = 0; i < CHILDREN; i++)
        if (children[i] > 0) kill(children[i], SIGKILL);
}

const char *name_of(long pid) {
    static const char *names[] = {"child0", "child1"};
    if (pid == getpid()) return "self";
    if (pid == thread) return "thread";
    if (pid == foreign_pid) return "foreign";
    for (int i = 0; i < CHILDREN; i++)
        if (pid == children[i]) return names[i];
    return pid == dead ? "dead" : pid == 0 ? "0" : "other";
}

void pid_text(const char *who, char *text, size_t size) {
    const char *colon = strchr(who, ':'), *name = colon ? colon + 1 : who;
    long pid = !strcmp(name, "self")      ? getpid()
               : !strcmp(name, "thread")  ? thread
               : !strcmp(name, "dead")    ? dead
               : !strcmp(name, "foreign") ? (foreign_pid ? foreign_pid : 4194303)
               : !strcmp(name, "child0")  ? children[0]
               : !strcmp(name, "child1")  ? children[1]
               : !strcmp(name, "parent")  ? getppid()
                                          : strtol(name, NULL, 10);
    const char *form = !colon                          ? "%ld"
                       : !strncmp(who, "hex:", 4)      ? "0x%lx"
                       : !strncmp(who, "upper:", 6)    ? "0X%lX"
                       : !strncmp(who, "octal:", 6)    ? "0%lo"
                       : !strncmp(who, "line:", 5)     ? "%ld\n"
                       : !strncmp(who, "blank:", 6)    ? " \t%ld  \n"
                       : !strncmp(who, "plus:", 5)     ? "+%ld"
                       : !strncmp(who, "minus:", 6)    ? "-%ld"
                       : !strncmp(who, "two:", 4)      ? "%ld 1"
                       : !strncmp(who, "lines:", 6)    ? "%1$ld\n%1$ld\n"
                       : !strncmp(who, "tail:", 5)     ? "%ldx"
                       : !strncmp(who, "long:", 5)     ? "0000000000000000%lo"
                       : !strncmp(who, "huge:", 5)     ? "4294967296%ld"
                                                       : "x%ld";
    snprintf(text, size, form, pid);
}

int is_privileged(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &header, data) == 0 && data[0].effective >> CAP_DAC_OVERRIDE & 1;
}

/* --- The freezer --- */

int may_enter(const char *word) {
    char path[PATH + 32], text[64];
    full(word, path);
    char *slash = strrchr(path, '/');
    if (!slash) return 1;
    strcpy(slash, "/freezer.state");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    /* Where there is no such file, nobody enters anything; who cannot read it does not try. */
    if (file < 0) return errno != EACCES;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    return length >= 6 && !memcmp(text, "THAWED", 6);
}

int may_freeze(const char *word) {
    char own[4096], other[4096], path[PATH + 32];
    freezer_group(getpid(), own, sizeof own);
    freezer_group(thread, other, sizeof other);
    struct stat above, group;
    full(word, path);
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
    return !strcmp(first, own) && !strcmp(first, other) && stat(base, &above) == 0 && (stat(path, &group) != 0 || group.st_ino != above.st_ino);
}
