/*
 * nothing-fs MOUNTPOINT: the floor. A FUSE file system with one file, "file", of 1500 constant bytes, served by libfuse's
 * single-threaded loop with long timeouts and direct_io: what an open+read+close costs when the answer costs nothing.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <string.h>
#include <sys/stat.h>

static char text[1500];

static struct stat attributes(fuse_ino_t node) {
    struct stat status = {.st_ino = node, .st_nlink = 1};
    status.st_mode = node == FUSE_ROOT_ID ? S_IFDIR | 0555 : S_IFREG | 0444;
    status.st_size = node == FUSE_ROOT_ID ? 0 : sizeof text;
    return status;
}

static void get_attributes(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file) {
    (void)file;
    struct stat status = attributes(node);
    fuse_reply_attr(request, &status, 1000);
}

static void look_up(fuse_req_t request, fuse_ino_t parent, const char *name) {
    if (parent != FUSE_ROOT_ID || strcmp(name, "file")) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    struct fuse_entry_param entry = {.ino = 2, .attr_timeout = 1000, .entry_timeout = 1000, .attr = attributes(2)};
    fuse_reply_entry(request, &entry);
}

static void open_file(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file) {
    (void)node;
    file->direct_io = 1;
    file->noflush = 1;
    fuse_reply_open(request, file);
}

static void read_file(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file) {
    (void)node;
    (void)file;
    size_t left = offset < (off_t)sizeof text ? sizeof text - (size_t)offset : 0;
    fuse_reply_buf(request, left ? text + offset : NULL, left < size ? left : size);
}

int main(int count, char **arguments) {
    static const struct fuse_lowlevel_ops operations = {
        .getattr = get_attributes, .lookup = look_up, .open = open_file, .read = read_file};
    if (count != 2) return 2;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\n';
    struct fuse_args options = FUSE_ARGS_INIT(0, NULL);
    fuse_opt_add_arg(&options, "nothing-fs");
    fuse_opt_add_arg(&options, "-oallow_other");
    struct fuse_session *session = fuse_session_new(&options, &operations, sizeof operations, NULL);
    if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, arguments[1])) return 1;
    fuse_session_loop(session);
    fuse_session_unmount(session);
    return 0;
}
