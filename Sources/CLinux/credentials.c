#define _GNU_SOURCE
#include "credentials.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "the system calls of 64-bit architectures take ids of 32 bits");

struct capabilities {
    uint64_t effective, permitted, inheritable;
};

static int get_capabilities(struct capabilities *found) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct halves[2];
    if (syscall(SYS_capget, &header, halves) < 0) return -1;
    found->effective = (uint64_t)halves[1].effective << 32 | halves[0].effective;
    found->permitted = (uint64_t)halves[1].permitted << 32 | halves[0].permitted;
    found->inheritable = (uint64_t)halves[1].inheritable << 32 | halves[0].inheritable;
    return 0;
}

static int set_capabilities(uint64_t effective, uint64_t permitted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct halves[2] = {
        {.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
        {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(permitted >> 32)},
    };
    return (int)syscall(SYS_capset, &header, halves);
}

static int compare_groups(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Whether the thread has these groups; the kernel gives them back sorted. 1, 0, or -1. */
static int has_groups(const uint32_t *groups, size_t count) {
    long number = syscall(SYS_getgroups, 0, NULL);
    if (number < 0) return -1;
    if ((size_t)number != count) return 0;
    if (count == 0) return 1;
    uint32_t *lists = malloc(2 * count * sizeof *lists);
    if (!lists) return -1;
    memcpy(lists, groups, count * sizeof *lists);
    int same = syscall(SYS_getgroups, (int)count, lists + count) == number;
    qsort(lists, count, sizeof *lists, compare_groups);
    qsort(lists + count, count, sizeof *lists, compare_groups);
    same = same && memcmp(lists, lists + count, count * sizeof *lists) == 0;
    free(lists);
    return same;
}

static int has_become(const struct clinux_credentials *wanted, const uint32_t *groups, size_t group_count, const struct capabilities *own,
                      const uint32_t users[3], const uint32_t own_groups[3]) {
    uint32_t real, effective, saved;
    if (syscall(SYS_getresuid, &real, &effective, &saved) < 0) return -1;
    if (real != users[0] || effective != wanted->effective_user || saved != users[2]) return 0;
    uint32_t real_group, effective_group, saved_group;
    if (syscall(SYS_getresgid, &real_group, &effective_group, &saved_group) < 0) return -1;
    if (real_group != own_groups[0] || effective_group != wanted->effective_group || saved_group != own_groups[2]) return 0;
    /* An invalid id changes nothing and tells what there is. */
    if ((uint32_t)syscall(SYS_setfsuid, -1) != wanted->file_system_user) return 0;
    if ((uint32_t)syscall(SYS_setfsgid, -1) != wanted->file_system_group) return 0;
    struct capabilities now;
    if (get_capabilities(&now) < 0) return -1;
    if (now.effective != (wanted->effective & wanted->permitted & own->permitted)) return 0;
    if (now.permitted != (wanted->permitted & own->permitted) || now.inheritable != 0) return 0;
    return has_groups(groups, group_count);
}

int clinux_become(const struct clinux_credentials *wanted, const uint32_t *groups, size_t group_count) {
    struct capabilities own;
    uint32_t users[3];
    uint32_t own_groups[3];
    if (get_capabilities(&own) < 0) return -1;
    if (syscall(SYS_getresuid, &users[0], &users[1], &users[2]) < 0) return -1;
    if (syscall(SYS_getresgid, &own_groups[0], &own_groups[1], &own_groups[2]) < 0) return -1;
    /* umask(2) is of all who share the working directory. */
    if (unshare(CLONE_FS) < 0) return -1;
    umask(0);
    if (syscall(SYS_setgroups, group_count, groups) < 0) return -1;
    if (syscall(SYS_setresgid, -1, wanted->effective_group, -1) < 0) return -1;
    syscall(SYS_setfsgid, wanted->file_system_group);
    /*
     * An effective id other than 0 takes the effective capabilities away. The permitted ones stay as long as the real or the saved id is 0,
     * or PR_SET_KEEPCAPS; CAP_SETUID is needed once more.
     */
    if (syscall(SYS_setresuid, -1, wanted->effective_user, -1) < 0) return -1;
    if (set_capabilities(own.permitted, own.permitted) < 0) return -1;
    syscall(SYS_setfsuid, wanted->file_system_user);
    uint64_t permitted = wanted->permitted & own.permitted;
    if (set_capabilities(wanted->effective & permitted, permitted) < 0) return -1;
    int same = has_become(wanted, groups, group_count, &own, users, own_groups);
    if (same == 0) errno = EPERM;
    return same > 0 ? 0 : -1;
}
