#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The numbers are the same on every architecture that we run on. */
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* linux/exportfs.h, which is no header of user space. */
#define FILEID_KERNFS 0xfe

_Static_assert(CLINUX_AT_EMPTY_PATH == AT_EMPTY_PATH, "AT_EMPTY_PATH differs on this architecture");

int clinux_open_beneath(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (unsigned)flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int clinux_open_kernfs_directory(int mount, uint64_t number) {
    union {
        struct file_handle handle;
        char bytes[sizeof(struct file_handle) + sizeof number];
    } named;
    memset(&named, 0, sizeof named);
    named.handle.handle_bytes = sizeof number;
    named.handle.handle_type = FILEID_KERNFS;
    memcpy(named.bytes + offsetof(struct file_handle, f_handle), &number, sizeof number);
    return open_by_handle_at(mount, &named.handle, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int clinux_rename(int old_directory, const char *old_name, int new_directory, const char *new_name, unsigned flags) {
    return (int)syscall(SYS_renameat2, old_directory, old_name, new_directory, new_name, flags);
}

int clinux_access(int file, int mask) { return (int)syscall(SYS_faccessat2, file, "", mask, AT_EACCESS | AT_EMPTY_PATH); }

long clinux_directory_entries(int directory, void *buffer, size_t size) {
    return syscall(SYS_getdents64, directory, buffer, size);
}
