/* System calls on files that glibc's headers hide, or that it has no wrapper for. */
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>

/* <fcntl.h> defines it under _GNU_SOURCE only. */
enum { CLINUX_AT_EMPTY_PATH = 0x1000 };

/*
 * openat2(2), Linux 5.6, close-on-exec: what lies below a directory on the same mount, reached over no symbolic link (RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS,
 * RESOLVE_NO_XDEV).
 */
int clinux_open_beneath(int directory, const char *path, int flags);

/* open_by_handle_at(2) for the node of a kernfs with this number: the directory, O_PATH. `mount` must not be O_PATH. Takes CAP_DAC_READ_SEARCH. */
int clinux_open_kernfs_directory(int mount, uint64_t number);

/* renameat2(2). */
int clinux_rename(int old_directory, const char *old_name, int new_directory, const char *new_name, unsigned flags);

/* faccessat2(2) of the file itself, which may be O_PATH, by the effective ids and capabilities. Linux 5.8. */
int clinux_access(int file, int mask);

/* getdents64(2): from where the directory stands. */
long clinux_directory_entries(int directory, void *buffer, size_t size);

#endif
