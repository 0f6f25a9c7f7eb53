#define _GNU_SOURCE
#include "mounts.h"
#include "mount_calls.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>

int clinux_bind(const char *source, int target) {
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_COPY | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (tree < 0) return -1;
    int result = set_for_container(tree);
    /* A kernel without mount_setattr(2): the copy has the flags of the mount that it was made from. */
    if (result < 0 && errno == ENOSYS) result = 0;
    if (result == 0) result = (int)syscall(SYS_move_mount, tree, "", target, "", MOVE_FROM_EMPTY_PATH | MOVE_TO_EMPTY_PATH);
    int saved = errno;
    close(tree);
    errno = saved;
    return result;
}

int clinux_is_of_kernel(int descriptor) {
    struct statfs status;
    if (fstatfs(descriptor, &status) < 0) return -1;
    return status.f_type == PROC_SUPER_MAGIC || status.f_type == SYSFS_MAGIC;
}
