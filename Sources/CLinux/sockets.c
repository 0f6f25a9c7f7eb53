#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* asm-generic/socket.h of Linux 6.5, linux/sockios.h, linux/un.h. */
#define CLINUX_SO_PEERPIDFD 77
#define CLINUX_SIOCOUTQ 0x5411
#define CLINUX_SIOCUNIXFILE 0x89E0

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int clinux_is_unix_listener(int descriptor) {
    int listens = 0, domain = 0, type = 0;
    socklen_t size = sizeof(int);
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens) return 0;
    size = sizeof(int);
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX) return 0;
    size = sizeof(int);
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

int clinux_peer_credentials(int socket, struct clinux_peer *peer) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -1;
    *peer = (struct clinux_peer){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    return 0;
}

int clinux_peer_pidfd(int socket) {
    int pidfd = -1;
    socklen_t size = sizeof pidfd;
    return getsockopt(socket, SOL_SOCKET, CLINUX_SO_PEERPIDFD, &pidfd, &size) < 0 ? -1 : pidfd;
}

union one_descriptor {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

ssize_t clinux_send_with_descriptor(int socket, const void *bytes, size_t count, int descriptor) {
    struct iovec content = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1};
    union one_descriptor control;
    if (descriptor >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t clinux_receive_with_descriptor(int socket, void *bytes, size_t count, int *descriptor) {
    struct iovec content = {.iov_base = bytes, .iov_len = count};
    /* The kernel closes what does not fit in here. */
    union one_descriptor control;
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *descriptor = -1;
    ssize_t received = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received < 0) return -1;
    int found[2] = {-1, -1};
    int number = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        /* Padding has room for a second one. */
        size_t length = header->cmsg_len - CMSG_LEN(0);
        number = (int)(length / sizeof(int));
        memcpy(found, CMSG_DATA(header), length < sizeof found ? length : sizeof found);
    }
    if (number == 1) {
        *descriptor = found[0];
    } else {
        for (int i = 0; i < number && i < 2; i++) close(found[i]);
    }
    return received;
}

int clinux_unreceived_bytes(int socket) {
    int count = 0;
    return ioctl(socket, CLINUX_SIOCOUTQ, &count) < 0 ? -1 : count;
}

int clinux_bound_file(int socket) {
    int file = ioctl(socket, CLINUX_SIOCUNIXFILE);
    if (file >= 0) fcntl(file, F_SETFD, FD_CLOEXEC);
    return file;
}
