/* System calls on mounts that older headers have not, and what a copy of ours is like in a container. */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The numbers are the same on every architecture that we run on. */
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define OPEN_TREE_COPY 1
#define MOVE_FROM_EMPTY_PATH 0x4
#define MOVE_TO_EMPTY_PATH 0x40
#define ATTRIBUTE_NOSUID 0x2
#define ATTRIBUTE_NODEV 0x4
#define ATTRIBUTE_NOEXEC 0x8

struct mount_attributes {
    uint64_t set, clear, propagation, user_namespace;
};

/* Nothing on it is a program or a device, and what the container mounts there stays there. -1 and ENOSYS before Linux 5.12. */
static inline int set_for_container(int tree) {
    struct mount_attributes attributes = {.set = ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV | ATTRIBUTE_NOEXEC, .propagation = MS_SLAVE};
    return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}
