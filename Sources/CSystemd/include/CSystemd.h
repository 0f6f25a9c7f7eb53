/*
 * sd-daemon of libsystemd, which is loaded when it is first needed (dlopen(3)) and not linked: it brings five more libraries, 1.1 ms of start
 * time and 170 KiB of private memory, which the worker has no use for and a host without systemd does not have.
 *
 * For one thread alone. Nothing here waits.
 */
#ifndef CSYSTEMD_H
#define CSYSTEMD_H

#include <stdint.h>

/* Loads libsystemd.so.0. Returns 1 if it is there; else 0, and the functions below do nothing. */
int csystemd_load(void);

/*
 * sd_pid_notify_with_fds(3) where it does not wait: more than 0 if the message, and `count` descriptors with it, are on their way; 0 or
 * less if not.
 */
int csystemd_notify(const char *message, const int *descriptors, unsigned count);

/* sd_watchdog_enabled(3): more than 0, and the time in microseconds, if the service manager asks this process for signs of life. */
int csystemd_watchdog_enabled(uint64_t *microseconds);

/* sd_listen_fds(3): how many descriptors this process was given, from 3 on. They are close-on-exec then, and LISTEN_* is gone. */
int csystemd_listen_fds(void);

#endif
