#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/nsfs.h of Debian 12 does not have NS_GET_PID_FROM_PIDNS and NS_GET_PID_IN_PIDNS yet. */
#define CLINUX_NS_GET_PARENT _IO(0xb7, 0x2)
#define CLINUX_NS_GET_PID_FROM_PIDNS _IOR(0xb7, 0x6, int)
#define CLINUX_NS_GET_PID_IN_PIDNS _IOR(0xb7, 0x8, int)
#define CLINUX_OPEN_TREE_CLONE 1

_Static_assert(CLINUX_O_PATH == O_PATH, "O_PATH differs on this architecture");

int clinux_open_tree_clone(const char *path) {
    return (int)syscall(SYS_open_tree, AT_FDCWD, path, CLINUX_OPEN_TREE_CLONE | O_CLOEXEC);
}

int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_namespace_parent(int namespace_fd) { return ioctl(namespace_fd, CLINUX_NS_GET_PARENT); }

/* In the helper's child, born inside the namespace: name pid 1 in a message; the receiver sees it translated. */
static void send_credentials_of_init(int channel) {
    struct ucred credentials = {.pid = 1, .uid = 0, .gid = 0};
    char byte = 1;
    struct iovec content = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof credentials)];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof credentials);
    memcpy(CMSG_DATA(header), &credentials, sizeof credentials);
    sendmsg(channel, &message, MSG_NOSIGNAL);
}

static pid_t receive_credentials(int channel, int timeout_milliseconds) {
    struct pollfd waiting = {.fd = channel, .events = POLLIN};
    int ready;
    do {
        ready = poll(&waiting, 1, timeout_milliseconds);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return -1;
    if (ready == 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    char byte;
    struct iovec content = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t received = recvmsg(channel, &message, MSG_DONTWAIT);
    struct cmsghdr *header = received == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!header || header->cmsg_type != SCM_CREDENTIALS) {
        if (received >= 0) errno = ESRCH;
        return -1;
    }
    struct ucred credentials;
    memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
    if (credentials.pid <= 0) {
        errno = ESRCH;
        return -1;
    }
    return credentials.pid;
}

pid_t clinux_namespace_init_by_credentials(int namespace_fd, int timeout_milliseconds) {
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, channel) < 0) return -1;
    int yes = 1;
    setsockopt(channel[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
    /* Raw clone: glibc's fork takes locks that another thread of the daemon may hold. Only system calls follow. */
    pid_t helper = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (helper == 0) {
        if (setns(namespace_fd, CLONE_NEWPID) < 0) _exit(1);
        pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        if (child == 0) {
            send_credentials_of_init(channel[1]);
            _exit(0);
        }
        int status;
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        _exit(child > 0 ? 0 : 1);
    }
    int saved = errno;
    pid_t found = -1;
    close(channel[1]);
    if (helper > 0) {
        found = receive_credentials(channel[0], timeout_milliseconds);
        saved = errno;
        kill(helper, SIGKILL);
        while (waitpid(helper, NULL, 0) < 0 && errno == EINTR) continue;
    }
    close(channel[0]);
    errno = saved;
    return found;
}

pid_t clinux_namespace_init(int namespace_fd, int timeout_milliseconds) {
    int found = ioctl(namespace_fd, CLINUX_NS_GET_PID_FROM_PIDNS, 1);
    if (found > 0) return found;
    if (errno != ENOTTY && errno != EINVAL) return -1;
    return clinux_namespace_init_by_credentials(namespace_fd, timeout_milliseconds);
}

int clinux_knows_namespace_init(int namespace_fd) {
    return ioctl(namespace_fd, CLINUX_NS_GET_PID_FROM_PIDNS, 1) > 0 || (errno != ENOTTY && errno != EINVAL);
}

pid_t clinux_pid_from_namespace(int namespace_fd, pid_t pid) { return ioctl(namespace_fd, CLINUX_NS_GET_PID_FROM_PIDNS, pid); }

pid_t clinux_pid_in_namespace(int namespace_fd, pid_t pid) { return ioctl(namespace_fd, CLINUX_NS_GET_PID_IN_PIDNS, pid); }

int clinux_can_move_mounts(void) {
    int can_move = syscall(SYS_move_mount, -1, "", -1, "", 0) == 0 || errno != ENOSYS;
    return can_move && (syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) == 0 || errno != ENOSYS);
}

int clinux_ask_file_system(const char *path) {
    struct statx status;
    return (int)syscall(SYS_statx, AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_TYPE, &status);
}

void clinux_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

static void wake(int signal) { (void)signal; }

int clinux_install_wake_signal(void) {
    struct sigaction action = {.sa_handler = wake};
    int number = SIGRTMIN + 1;
    return sigaction(number, &action, NULL) < 0 ? -1 : number;
}

int clinux_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_take_signal(int descriptor, int32_t *sender) {
    struct signalfd_siginfo information;
    if (read(descriptor, &information, sizeof information) != (ssize_t)sizeof information) return 0;
    *sender = (int32_t)information.ssi_pid;
    return (int)information.ssi_signo;
}

int clinux_is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int clinux_pidfd_signal(int pidfd, int number) { return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0); }

int clinux_pidfd_getfd(int pidfd, int descriptor) { return (int)syscall(SYS_pidfd_getfd, pidfd, descriptor, 0); }

/* linux/memfd.h, Linux 6.3. Where vm.memfd_noexec is 2, the flag is not optional. */
#define CLINUX_MFD_NOEXEC_SEAL 0x0008U

int clinux_memfd(const char *name, size_t length) {
    int memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | CLINUX_MFD_NOEXEC_SEAL);
    if (memory < 0 && errno == EINVAL) memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -1;
    if (ftruncate(memory, (off_t)length) == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) return memory;
    int saved = errno;
    close(memory);
    errno = saved;
    return -1;
}

int clinux_is_sealed(int memory) {
    int seals = fcntl(memory, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

static _Thread_local uint64_t current_request;
static _Thread_local int current_slot = -1;

void clinux_set_current_request(uint64_t unique, int slot) {
    current_request = unique;
    current_slot = slot;
}

uint64_t clinux_current_request(void) { return current_request; }

int clinux_current_slot(void) { return current_slot; }

int clinux_personality(unsigned long persona) { return personality(persona); }

void clinux_limit_malloc_arenas(int count) { mallopt(M_ARENA_MAX, count); }

void clinux_malloc_trim(void) { malloc_trim(0); }
