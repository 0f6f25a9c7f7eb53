#include "CLinux.h"

#include <errno.h>
#include <linux/cgroupstats.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct message {
    struct nlmsghdr netlink;
    struct genlmsghdr generic;
    char attributes[1024];
};

static int ask(int netlink_fd, uint16_t family, uint8_t command, uint16_t type, const void *value, uint16_t size, struct message *answer) {
    struct message question = {
        .netlink = {.nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST},
        .generic = {.cmd = command, .version = 1},
    };
    struct nlattr *attribute = (struct nlattr *)question.attributes;
    attribute->nla_type = type;
    attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
    memcpy(question.attributes + NLA_HDRLEN, value, size);
    question.netlink.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(attribute->nla_len);
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(netlink_fd, &question, question.netlink.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) return -1;
    ssize_t received = recv(netlink_fd, answer, sizeof *answer, 0);
    if (received < 0) return -1;
    if (!NLMSG_OK(&answer->netlink, (size_t)received)) {
        errno = EPROTO;
        return -1;
    }
    if (answer->netlink.nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = NLMSG_DATA(&answer->netlink);
        errno = error->error < 0 ? -error->error : EPROTO;
        return -1;
    }
    return 0;
}

/* The attribute of that type in an answer, NULL where it is not there or shorter than `size`. */
static const void *attribute_of(const struct message *answer, uint16_t type, size_t size) {
    size_t length = answer->netlink.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
    const char *position = answer->attributes;
    while (length >= NLA_HDRLEN) {
        const struct nlattr *attribute = (const struct nlattr *)position;
        size_t whole = NLA_ALIGN(attribute->nla_len);
        if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > length) return NULL;
        if ((attribute->nla_type & NLA_TYPE_MASK) == type) return attribute->nla_len >= NLA_HDRLEN + size ? position + NLA_HDRLEN : NULL;
        if (whole > length) return NULL;
        position += whole;
        length -= whole;
    }
    return NULL;
}

int clinux_taskstats_open(uint16_t *family) {
    int netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
    if (netlink_fd < 0) return -1;
    struct timeval second = {.tv_sec = 1};
    setsockopt(netlink_fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    struct message answer;
    const void *number = NULL;
    if (ask(netlink_fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, "TASKSTATS", sizeof "TASKSTATS", &answer) == 0) {
        number = attribute_of(&answer, CTRL_ATTR_FAMILY_ID, sizeof *family);
        if (!number) errno = EPROTO;
    }
    if (!number) {
        int saved = errno;
        close(netlink_fd);
        errno = saved;
        return -1;
    }
    memcpy(family, number, sizeof *family);
    return netlink_fd;
}

int clinux_taskstats_of_cgroup(int netlink_fd, uint16_t family, int cgroup_fd, struct clinux_cgroup_tasks *tasks) {
    struct message answer;
    uint32_t descriptor = (uint32_t)cgroup_fd;
    if (ask(netlink_fd, family, CGROUPSTATS_CMD_GET, CGROUPSTATS_CMD_ATTR_FD, &descriptor, sizeof descriptor, &answer) < 0) return -1;
    struct cgroupstats statistics;
    const void *content = attribute_of(&answer, CGROUPSTATS_TYPE_CGROUP_STATS, sizeof statistics);
    if (!content) {
        errno = EPROTO;
        return -1;
    }
    memcpy(&statistics, content, sizeof statistics);
    *tasks = (struct clinux_cgroup_tasks){
        .sleeping = statistics.nr_sleeping,
        .running = statistics.nr_running,
        .stopped = statistics.nr_stopped,
        .uninterruptible = statistics.nr_uninterruptible,
        .io_wait = statistics.nr_io_wait,
    };
    return 0;
}
