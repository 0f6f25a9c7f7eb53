/*
 * What Swift's Glibc module hides: what glibc shows only under _GNU_SOURCE, variadic system calls, and system calls
 * without a wrapper. Each entry says why it is here. Nothing here has state. Every function that can fail returns -1
 * and sets errno, as system calls do.
 */
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "credentials.h"
#include "files.h"
#include "mounts.h"

/* <fcntl.h> defines O_PATH under _GNU_SOURCE only. */
enum { CLINUX_O_PATH = 010000000 };

/* open_tree(2) with OPEN_TREE_CLONE: a detached copy of one mount, without what is mounted below or over it. Linux 5.2. */
int clinux_open_tree_clone(const char *path);

/* pidfd_open(2). Linux 5.3. */
int clinux_pidfd_open(pid_t pid);

/* ioctl(2) is variadic. NS_GET_PARENT: a descriptor of the parent pid or user namespace. Linux 4.9. */
int clinux_namespace_parent(int namespace_fd);

/*
 * The pid, as this process sees it, of pid 1 of a pid namespace: NS_GET_PID_FROM_PIDNS where the kernel has it (Linux 6.12);
 * else a helper process enters the namespace, a child born there sends credentials that name pid 1, and the kernel translates.
 */
pid_t clinux_namespace_init(int namespace_fd, int timeout_milliseconds);

/* The second way alone, so that a test can hold the two against each other. */
pid_t clinux_namespace_init_by_credentials(int namespace_fd, int timeout_milliseconds);

/* Whether the kernel has NS_GET_PID_FROM_PIDNS: 1 or 0. */
int clinux_knows_namespace_init(int namespace_fd);

/*
 * NS_GET_PID_FROM_PIDNS and NS_GET_PID_IN_PIDNS, Linux 6.12: from the pid of a thread (gettid(2)) in a pid namespace to that in the caller's, and back.
 * -1 and ESRCH where there is no such thread or it is not visible on the other side.
 */
pid_t clinux_pid_from_namespace(int namespace_fd, pid_t pid);
pid_t clinux_pid_in_namespace(int namespace_fd, pid_t pid);

/* Whether the kernel has move_mount(2) (Linux 5.2) and mount_setattr(2) (5.12), which glibc may not: 1 or 0. Called with nothing to do. */
int clinux_can_move_mounts(void);

/*
 * statx(2) is hidden. AT_STATX_FORCE_SYNC: whoever serves the file system is asked for the attributes, whatever the kernel remembers of them; stat(2) goes on
 * telling what it remembers when nobody serves any more. 0, or -1.
 */
int clinux_ask_file_system(const char *path);

/* pthread_setname_np(3) for the calling thread: _GNU_SOURCE. */
void clinux_set_thread_name(const char *name);

/*
 * A signal that only makes a blocked system call of the thread it is sent to return EINTR: its handler does nothing, SA_RESTART is not set.
 * SIGRTMIN is no constant, and a handler is better no Swift code. Returns the signal's number.
 */
int clinux_install_wake_signal(void);

/*
 * signalfd(2) is hidden. The first gives a descriptor that does not block for these signals, which must
 * be blocked; the second takes one signal from it and says who sent it (0 where the sender is in another pid namespace): 0 where none is pending.
 */
int clinux_signalfd(const int *signals, int count);
int clinux_take_signal(int signalfd, int32_t *sender);

/* Whether this process ignores the signal: 1 or 0. struct sigaction has a union, and SIG_IGN is a cast; neither is for Swift. */
int clinux_is_ignored(int signal);

/* pidfd_send_signal(2): never another process that got the same pid. Signal 0 only looks whether the process is there. Linux 5.1. */
int clinux_pidfd_signal(int pidfd, int signal);

/* pidfd_getfd(2): a descriptor of another process, close-on-exec. Linux 5.6. */
int clinux_pidfd_getfd(int pidfd, int descriptor);

/* personality(2): 0xffffffff only asks. */
int clinux_personality(unsigned long persona);

/* mallopt(M_ARENA_MAX): one heap for all worker threads, so that memory does not grow with their number. */
void clinux_limit_malloc_arenas(int count);

/*
 * memfd_create(2), not executable and not to be resized by anybody: length in bytes, zeroed. _GNU_SOURCE; the flags are newer than Debian 12's headers.
 */
int clinux_memfd(const char *name, size_t length);

/* fcntl(2) is variadic, F_GET_SEALS Linux's own: 1 where nobody can shorten the memory, else 0. */
int clinux_is_sealed(int memory);

/*
 * Memory that processes share: each of these is one access, which the compiler neither divides nor moves. What was stored before
 * a store is seen by whoever loads its value, also if the storing process is killed right after it.
 */
static inline uint32_t clinux_load32(const void *at) { return __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE); }
static inline uint64_t clinux_load64(const void *at) { return __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE); }
static inline void clinux_store32(void *at, uint32_t value) { __atomic_store_n((uint32_t *)at, value, __ATOMIC_RELEASE); }
static inline void clinux_store64(void *at, uint64_t value) { __atomic_store_n((uint64_t *)at, value, __ATOMIC_RELEASE); }
static inline uint64_t clinux_add64(void *at, uint64_t value) { return __atomic_add_fetch((uint64_t *)at, value, __ATOMIC_ACQ_REL); }

/*
 * Zeroes count bytes, of which the first eight are zero before any other is touched: whoever finds them zero after the storing thread was killed
 * knows that nothing else there counts. The fence holds the compiler; a killed thread has made all stores up to some instruction.
 */
static inline void clinux_clear(void *at, size_t count) {
    clinux_store64(at, 0);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    __builtin_memset((char *)at + 8, 0, count - 8);
}

/*
 * Two numbers of the calling thread: the request that it serves, for callbacks that libfuse does not tell, and the slot that it lies in, -1 where it lies in
 * none. Swift has no thread-local variables.
 */
void clinux_set_current_request(uint64_t unique, int slot);
uint64_t clinux_current_request(void);
int clinux_current_slot(void);

/* <malloc.h> is not in the module: gives whole pages of freed memory back to the kernel, also those below memory that is in use. */
void clinux_malloc_trim(void);

/*
 * Generic netlink to the kernel's taskstats (Documentation/accounting/cgroupstats.rst). The first gives a socket and the number of the
 * taskstats family; the second asks for the tasks of one cgroup of version 1, its children left out, by state.
 */
struct clinux_cgroup_tasks {
    uint64_t sleeping, running, stopped, uninterruptible, io_wait;
};
int clinux_taskstats_open(uint16_t *family);
int clinux_taskstats_of_cgroup(int netlink_fd, uint16_t family, int cgroup_fd, struct clinux_cgroup_tasks *tasks);

/* eventfd(2) is hidden: a descriptor that counts, close-on-exec, and does not block. */
int clinux_eventfd(void);

/* accept4(2): _GNU_SOURCE. Close-on-exec, and does not block. */
int clinux_accept(int listener);

/* Whether it is a Unix stream socket that listens: SO_DOMAIN is not in the module. 0 for whatever else it is, or nothing. */
int clinux_is_unix_listener(int descriptor);

/* SO_PEERCRED: struct ucred is hidden. The process that connected, as this one sees it (pid 0 where it does not). */
struct clinux_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
int clinux_peer_credentials(int socket, struct clinux_peer *peer);

/* SO_PEERPIDFD, Linux 6.5, is newer than Debian 12's headers: the process that connected, whatever has its pid by now. ENOPROTOOPT before. */
int clinux_peer_pidfd(int socket);

/* The CMSG macros are no functions: one message, and with it one descriptor (-1: none). Neither waits. */
ssize_t clinux_send_with_descriptor(int socket, const void *bytes, size_t count, int descriptor);
/* MSG_CMSG_CLOEXEC is hidden, too. More than one descriptor is none: those are closed. */
ssize_t clinux_receive_with_descriptor(int socket, void *bytes, size_t count, int *descriptor);

/* ioctl(2) is variadic. SIOCOUTQ: what the other end has not received yet, in the kernel's own measure, that of SO_SNDBUF. */
int clinux_unreceived_bytes(int socket);

/* SIOCUNIXFILE, Linux 4.12: the file that a socket was bound to, O_PATH, wherever it was renamed to. Takes CAP_NET_ADMIN. */
int clinux_bound_file(int socket);

#endif
