#ifndef CFUSE3_SHIM_H
#define CFUSE3_SHIM_H

/* The API of libfuse 3.12 and later: fuse_session_custom_io came with 3.13, which Debian 12 has. */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stddef.h>

/* fuse_session_new becomes a macro in libfuse 3.17, which Swift does not see. `traced` prints every request on standard error. */
static inline struct fuse_session *cfuse3_session_new(const struct fuse_lowlevel_ops *operations, void *user_data, int traced) {
    char *words[] = {(char *)"lxcfs", (char *)"-d", NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(traced ? 2 : 1, words);
    struct fuse_session *session = fuse_session_new(&arguments, operations, sizeof *operations, user_data);
    fuse_opt_free_args(&arguments);
    return session;
}

/* So does fuse_session_custom_io. */
static inline int cfuse3_session_custom_io(struct fuse_session *session, const struct fuse_custom_io *io, int fd) {
    return fuse_session_custom_io(session, io, fd);
}

#endif
