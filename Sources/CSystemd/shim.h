#ifndef CSYSTEMD_SHIM_H
#define CSYSTEMD_SHIM_H

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/*
 * Whether the service manager takes one more message at once. sd_notify(3) waits while the manager's queue is full, which it stays
 * when pid 1 has crashed ("freezing execution") or anybody floods the socket: everyone may write to it. A socket that is connected to the
 * manager's tells without waiting (unix_dgram_poll() of the kernel). An address of another family than AF_UNIX is not asked.
 */
static inline int csystemd_takes_message(void) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path) return 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (path[0] != '/' && path[0] != '@') return 1;
    if (length >= sizeof address.sun_path) return 0;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = 0;
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return 0;
    struct pollfd writing = {.fd = probe, .events = POLLOUT};
    int takes = connect(probe, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0 &&
                poll(&writing, 1, 0) == 1 && writing.revents == POLLOUT;
    close(probe);
    return takes;
}

/* sd_pid_notify_with_fds(3) where that does not wait: more than 0 if the message, and `count` descriptors with it, are on their way. */
static inline int csystemd_notify(const char *message, const int *descriptors, unsigned count) {
    return csystemd_takes_message() ? sd_pid_notify_with_fds(0, 0, message, descriptors, count) : -EAGAIN;
}

#endif
