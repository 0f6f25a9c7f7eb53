/*
 * What the kernel checks permissions by, for one thread alone: credentials(7), capabilities(7). glibc's setresuid(3) and its like change every thread
 * of the process, and the system calls beneath them are variadic or hidden.
 */
#ifndef CLINUX_CREDENTIALS_H
#define CLINUX_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>

struct clinux_credentials {
    uint32_t effective_user, file_system_user;
    uint32_t effective_group, file_system_group;
    /* One bit for each capability. What this process does not have itself is left out. */
    uint64_t effective, permitted;
};

/*
 * Gives the calling thread, and no other, these credentials, an umask of 0 and a working directory of its own. The real and the saved user id stay
 * what they are, so that nobody whose effective id it takes may signal or trace it. What it has then is read back: 0 where it is all as asked for;
 * else -1, and the thread may have any part of it: it must end without another step. EPERM where something is not as asked for.
 */
int clinux_become(const struct clinux_credentials *credentials, const uint32_t *groups, size_t group_count);

#endif
