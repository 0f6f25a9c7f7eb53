#define _GNU_SOURCE
#include "CSystemd.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static __typeof__(sd_pid_notify_with_fds) *notify_with_fds;
static __typeof__(sd_watchdog_enabled) *watchdog_enabled;
static __typeof__(sd_listen_fds) *listen_fds;

int csystemd_load(void) {
    if (listen_fds) return 1;
    void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return 0;
    notify_with_fds = (__typeof__(notify_with_fds))dlsym(library, "sd_pid_notify_with_fds");
    watchdog_enabled = (__typeof__(watchdog_enabled))dlsym(library, "sd_watchdog_enabled");
    listen_fds = (__typeof__(listen_fds))dlsym(library, "sd_listen_fds");
    return notify_with_fds && watchdog_enabled && listen_fds;
}

/*
 * Whether the service manager takes one more message at once. sd_notify(3) waits while the manager's queue is full, which it stays
 * when pid 1 has crashed ("freezing execution") or somebody floods the socket: everyone may write to it. A socket that is connected to the
 * manager's tells without waiting (unix_dgram_poll() of the kernel). An address of another family than AF_UNIX is not asked.
 */
static int takes_message(void) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path) return 0;
    if (path[0] != '/' && path[0] != '@') return 1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
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

int csystemd_notify(const char *message, const int *descriptors, unsigned count) {
    if (!notify_with_fds) return -ENOSYS;
    return takes_message() ? notify_with_fds(0, 0, message, descriptors, count) : -EAGAIN;
}

int csystemd_watchdog_enabled(uint64_t *microseconds) { return watchdog_enabled ? watchdog_enabled(0, microseconds) : 0; }

int csystemd_listen_fds(void) { return listen_fds ? listen_fds(1) : 0; }
