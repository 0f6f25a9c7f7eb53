#ifndef CFUSE3_SHIM_H
#define CFUSE3_SHIM_H

/* The API of libfuse 3.12 and later: fuse_session_custom_io came with 3.13, which Debian 12 has. */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <linux/fuse.h>

#endif
