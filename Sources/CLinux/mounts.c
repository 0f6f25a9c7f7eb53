#define _GNU_SOURCE
#include "mounts.h"
#include "mount_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* Older headers have none. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

struct question {
    uint32_t operation, index;
    char path[CLINUX_VISIT_LONGEST_PATH + 1];
};

/* The visitor. It has a copy of the daemon's memory and no lock of it: nothing below may allocate, or call anything but the kernel. */
struct visitor {
    /* The root of the visited process. */
    int root;
    /* What LOOK found, the folder that it lies in, and its name there. */
    int found, parent;
    char name[256];
    int copies[CLINUX_VISIT_MOST_COPIES];
    int count;
    struct question question;
};

static int look(int at, struct statx *status, unsigned sync) {
    memset(status, 0, sizeof *status);
    return (int)syscall(SYS_statx, at, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | sync, STATX_TYPE | STATX_MODE | STATX_INO, status);
}

/* Whether a path leads out of the folder that it begins in. Such a one may come from a container: its mountinfo names what it has mounted. */
static int leads_out(const char *path) {
    for (const char *name = path; name; name = strchr(name, '/')) {
        while (*name == '/') name++;
        if (name[0] == '.' && name[1] == '.' && (name[2] == 0 || name[2] == '/')) return 1;
    }
    return *path == '/';
}

/* A copy of what lies at a path below the mount point, as it is to be in a container; or a negative errno. */
static int copy(int mount_root, const struct statx *file_system, const char *path) {
    if (leads_out(path)) return -EXDEV;
    unsigned flags = OPEN_TREE_COPY | O_CLOEXEC | AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH);
    int tree = (int)syscall(SYS_open_tree, mount_root, path, flags);
    if (tree < 0) return -errno;
    struct statx status;
    if (look(tree, &status, AT_STATX_DONT_SYNC) < 0 || status.stx_dev_major != file_system->stx_dev_major ||
        status.stx_dev_minor != file_system->stx_dev_minor) {
        /* Something else is mounted there. */
        close(tree);
        return -EXDEV;
    }
    /*
     * Slave: what the container mounts there stays there, and what the host puts over our files later shows in the container. Before Linux 5.12 there is
     * no way to say so before it is placed: `place` does it then.
     */
    if (set_for_container(tree) < 0 && errno != ENOSYS) {
        int error = errno;
        close(tree);
        return -error;
    }
    return tree;
}

static int make_copies(struct visitor *visitor, const char *mount_point, uint32_t major, uint32_t minor, const char *const *paths) {
    /* Neither this nor look() asks whoever serves the file system: the kernel knows the root of a mount. */
    int mount_root = open(mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (mount_root < 0) return errno;
    struct statx status;
    int error = 0;
    if (look(mount_root, &status, AT_STATX_DONT_SYNC) < 0) {
        error = errno;
    } else if (status.stx_dev_major != major || status.stx_dev_minor != minor) {
        error = ENOTCONN;
    }
    for (int i = 0; i < visitor->count && !error; i++) {
        visitor->copies[i] = copy(mount_root, &status, paths[i]);
        if (visitor->copies[i] == -ENOSYS) error = ENOSYS;
    }
    close(mount_root);
    return error;
}

/* Takes on namespace and root of the process. Both are opened before: afterwards its folder is out of reach. */
static void enter(struct visitor *visitor, int process, struct clinux_visit_answer *answer) {
    answer->stage = CLINUX_VISIT_AT_PROCESS;
    int namespace = openat(process, "ns/mnt", O_RDONLY | O_CLOEXEC);
    int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    if (namespace < 0 || root < 0 || fstat(namespace, &status) < 0) {
        answer->error = errno;
        return;
    }
    answer->namespace_inode = (uint64_t)status.st_ino;
    answer->stage = CLINUX_VISIT_AT_ENTRY;
    if (setns(namespace, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0) {
        answer->error = errno;
        return;
    }
    close(namespace);
    close(process);
    visitor->root = root;
    answer->stage = CLINUX_VISIT_READY;
}

static void forget(struct visitor *visitor) {
    if (visitor->found >= 0) close(visitor->found);
    if (visitor->parent >= 0) close(visitor->parent);
    visitor->found = visitor->parent = -1;
}

/*
 * O_PATH asks no file system that is merely mounted at the end of the path, and O_NOFOLLOW for each component follows no symbolic link: the folders in
 * between must be folders.
 */
static int go(struct visitor *visitor) {
    forget(visitor);
    char *rest = visitor->question.path;
    int at = fcntl(visitor->root, F_DUPFD_CLOEXEC, 0);
    if (at < 0) return errno;
    for (;;) {
        while (*rest == '/') rest++;
        char *name = rest;
        while (*rest && *rest != '/') rest++;
        if (*rest) *rest++ = 0;
        int next = *name && strcmp(name, "..") != 0 ? openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
        if (next < 0) {
            int error = *name && strcmp(name, "..") != 0 ? errno : EINVAL;
            close(at);
            return error;
        }
        const char *more = rest;
        while (*more == '/') more++;
        if (!*more) {
            visitor->parent = at;
            visitor->found = next;
            /* openat(2) takes no name that is longer than 255 bytes. */
            strncpy(visitor->name, name, sizeof visitor->name - 1);
            return 0;
        }
        close(at);
        at = next;
    }
}

static int place(struct visitor *visitor, uint32_t index) {
    if (visitor->found < 0 || index >= (uint32_t)visitor->count) return EINVAL;
    int tree = visitor->copies[index];
    if (tree < 0) return -tree;
    if (syscall(SYS_move_mount, tree, "", visitor->found, "", MOVE_FROM_EMPTY_PATH | MOVE_TO_EMPTY_PATH) < 0) return errno;
    close(tree);
    visitor->copies[index] = -ESTALE;
    struct mount_attributes none = {0};
    /* A kernel without mount_setattr(2): what was copied from a shared mount is one of its peers until this. */
    if (syscall(SYS_mount_setattr, -1, "", AT_EMPTY_PATH, &none, sizeof none) < 0 && errno == ENOSYS && fchdir(visitor->parent) == 0) {
        mount(NULL, visitor->name, NULL, MS_SLAVE, NULL);
        (void)!fchdir(visitor->root);
    }
    return 0;
}

/* The name is resolved in the folder where LOOK went, and in no other. */
static int take_away(struct visitor *visitor) {
    if (visitor->parent < 0) return EINVAL;
    /* The descriptor on it would be a use of what is detached. */
    if (visitor->found >= 0) close(visitor->found);
    visitor->found = -1;
    int error = fchdir(visitor->parent) < 0 || umount2(visitor->name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? errno : 0;
    (void)!fchdir(visitor->root);
    return error;
}

static void act(struct visitor *visitor, struct clinux_visit_answer *answer) {
    struct statx status;
    switch (visitor->question.operation) {
    case CLINUX_VISIT_LOOK:
        answer->error = go(visitor);
        if (answer->error == 0 && look(visitor->found, &status, AT_STATX_DONT_SYNC) < 0) answer->error = errno;
        if (answer->error == 0) {
            answer->device_major = status.stx_dev_major;
            answer->device_minor = status.stx_dev_minor;
            answer->mode = status.stx_mode;
            answer->is_mount_point = (status.stx_attributes & 0x2000 /* STATX_ATTR_MOUNT_ROOT */) != 0;
        }
        break;
    case CLINUX_VISIT_ASK:
        answer->error = visitor->found < 0 ? EINVAL : look(visitor->found, &status, AT_STATX_FORCE_SYNC) < 0 ? errno : 0;
        break;
    case CLINUX_VISIT_HAS:
        answer->error = visitor->question.index >= (uint32_t)visitor->count ? EINVAL : 0;
        if (answer->error == 0 && visitor->copies[visitor->question.index] < 0) answer->error = -visitor->copies[visitor->question.index];
        break;
    case CLINUX_VISIT_PLACE: answer->error = place(visitor, visitor->question.index); break;
    case CLINUX_VISIT_REMOVE: answer->error = take_away(visitor); break;
    default: answer->error = EINVAL;
    }
}

static void keep_only(int lowest) {
    if (syscall(SYS_close_range, lowest, ~0U, 0) == 0) return;
    struct rlimit limit;
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int i = lowest; i < end; i++) close(i);
}

static void visit(struct visitor *visitor, int process, int channel, const char *mount_point, uint32_t major, uint32_t minor,
                  const char *const *paths) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /*
     * Nothing of the daemon's may live on in here, should this process hang in somebody's file system: with the connection to the kernel in one
     * more process, the mount of a dead daemon would hang too.
     */
    int line = fcntl(channel, F_DUPFD, 16), folder = fcntl(process, F_DUPFD, 16);
    if (line < 0 || folder < 0 || dup2(line, 0) < 0 || dup2(folder, 1) < 0) _exit(1);
    keep_only(2);
    struct clinux_visit_answer answer = {.stage = CLINUX_VISIT_AT_SOURCE};
    answer.error = make_copies(visitor, mount_point, major, minor, paths);
    if (answer.error == 0) enter(visitor, 1, &answer);
    while (send(0, &answer, sizeof answer, MSG_NOSIGNAL) == (ssize_t)sizeof answer && answer.stage == CLINUX_VISIT_READY) {
        ssize_t count = recv(0, &visitor->question, sizeof visitor->question - 1, 0);
        if (count < (ssize_t)offsetof(struct question, path)) return;
        ((char *)&visitor->question)[count] = 0;
        memset(&answer, 0, sizeof answer);
        act(visitor, &answer);
    }
}

pid_t clinux_visit(int process, const char *mount_point, uint32_t device_major, uint32_t device_minor, const char *const *copies, int count,
                   int *channel) {
    if (count < 0 || count > CLINUX_VISIT_MOST_COPIES) {
        errno = EINVAL;
        return -1;
    }
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -1;
    /*
     * A process, not a thread: in the namespace is a file system perhaps that never answers, and then not even SIGKILL ends who asked it. A thread
     * like that would keep the daemon's process, and its line to the kernel, from ending. And a process can be told apart from the daemon's
     * namespace and root by the kernel, for good. Raw clone: glibc's fork takes locks that another thread may hold. Only system calls follow.
     */
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        struct visitor visitor = {.root = -1, .found = -1, .parent = -1, .count = count};
        visit(&visitor, process, ends[1], mount_point, device_major, device_minor, copies);
        _exit(0);
    }
    int saved = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        errno = saved;
        return -1;
    }
    *channel = ends[0];
    return child;
}

int clinux_visit_ask(int channel, uint32_t operation, uint32_t index, const char *path) {
    struct question question = {.operation = operation, .index = index};
    size_t length = strlen(path);
    if (length > CLINUX_VISIT_LONGEST_PATH) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(question.path, path, length + 1);
    size_t size = offsetof(struct question, path) + length + 1;
    return send(channel, &question, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size ? 0 : -1;
}

int clinux_visit_answer(int channel, int timeout_milliseconds, struct clinux_visit_answer *answer) {
    struct pollfd waiting = {.fd = channel, .events = POLLIN};
    int ready;
    do {
        ready = poll(&waiting, 1, timeout_milliseconds);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) errno = ETIMEDOUT;
    if (ready <= 0) return -1;
    if (recv(channel, answer, sizeof *answer, MSG_DONTWAIT) == (ssize_t)sizeof *answer) return 0;
    errno = EPIPE;
    return -1;
}

int clinux_has_ended(pid_t child) {
    int status;
    pid_t ended = waitpid(child, &status, WNOHANG);
    return ended == child ? 1 : ended == 0 || errno == EINTR ? 0 : -1;
}
