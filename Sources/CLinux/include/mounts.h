/*
 * A process in the mount namespace of another, that looks at mounts there and changes them. Swift's Glibc module has none of the system calls
 * (setns, unshare, open_tree, mount_setattr, move_mount, statx), and between clone and the end of the process only system calls may be made: that
 * is no place for Swift.
 */
#ifndef CLINUX_MOUNTS_H
#define CLINUX_MOUNTS_H

#include <stdint.h>
#include <sys/types.h>

/* What a visitor is asked to do. */
enum {
    /* Goes to a path, component by component, and says what lies there. Symbolic links are not followed. */
    CLINUX_VISIT_LOOK = 1,
    /* Has the file system itself asked for what LOOK found: 0 where it answers. Waits as long as that does. */
    CLINUX_VISIT_ASK = 2,
    /* Whether there is a copy with the number `index`. */
    CLINUX_VISIT_HAS = 5,
    /* Puts the copy with the number `index` onto what LOOK found. Once for each copy. */
    CLINUX_VISIT_PLACE = 3,
    /* Detaches the topmost mount at the place where LOOK went. */
    CLINUX_VISIT_REMOVE = 4,
};

enum { CLINUX_VISIT_LONGEST_PATH = 4095, CLINUX_VISIT_MOST_COPIES = 256 };

/* How far a visitor got; `CLINUX_VISIT_READY` where it is where it shall be. */
enum {
    CLINUX_VISIT_READY = 0,
    /* The mount point cannot be opened, is another file system, or mounts cannot be copied at all. */
    CLINUX_VISIT_AT_SOURCE = 1,
    /* The namespace or the root cannot be opened. */
    CLINUX_VISIT_AT_PROCESS = 2,
    /* The namespace or the root cannot be taken on. */
    CLINUX_VISIT_AT_ENTRY = 3,
};

/* What a visitor answers; the first answer comes unasked. */
struct clinux_visit_answer {
    /* errno, or 0. */
    int32_t error;
    /* In the first answer: how far it got. */
    uint32_t stage;
    /* In the first answer: the inode of the mount namespace. */
    uint64_t namespace_inode;
    /* After LOOK: the file system, the type and permissions, and whether a mount begins there (since Linux 5.8). */
    uint32_t device_major, device_minor, mode, is_mount_point;
};

/*
 * Starts a visitor. It copies files and folders of the file system at `mount_point`, if that is the one with this device, by their paths below it without
 * a slash in front (empty: all of it), with MS_NOSUID, MS_NODEV, MS_NOEXEC and slave propagation; then it takes on namespace and root of the process
 * whose folder in a procfs `process` is. What could not be copied says so when it is to be placed.
 *
 * Returns its pid; `channel` is this end of the line to it. It ends when it is closed, or with the thread that started it.
 */
pid_t clinux_visit(int process, const char *mount_point, uint32_t device_major, uint32_t device_minor, const char *const *copies, int count,
                   int *channel);

/* Asks; the answer is to be received. -1 where the visitor is gone. */
int clinux_visit_ask(int channel, uint32_t operation, uint32_t index, const char *path);

/* Receives an answer; -1 and ETIMEDOUT where there is none in time, EPIPE where there will be none. */
int clinux_visit_answer(int channel, int timeout_milliseconds, struct clinux_visit_answer *answer);

/*
 * Binds a file or folder onto what a descriptor (O_PATH) is of: MS_NOSUID, MS_NODEV, MS_NOEXEC, slave. No symbolic link is followed at the end of the
 * path, and nothing that is mounted below it comes along. 0, or -1. Linux 5.2; before 5.12 with the
 * flags and the propagation of the mount that the file lies on.
 */
int clinux_bind(const char *source, int target);

/* fstatfs(2) is not in the module: whether a descriptor is of procfs or sysfs. 1, 0, or -1. */
int clinux_is_of_kernel(int descriptor);

/* wait4(2) for one child, without waiting: 1 where it has ended, 0 where not, -1 where it is none of ours. */
int clinux_has_ended(pid_t child);

#endif
