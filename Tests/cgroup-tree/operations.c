/* The operations, by their names. */
#include "cgroup-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KEPT = 4 };
static int kept[KEPT] = {-1, -1, -1, -1}, kept_moves[KEPT];
/* Set while the operation is done in a directory that was changed to: paths are relative to it. */
static int inside;

/* --- Text --- */

size_t unescape(const char *word, char *text, size_t size) {
    size_t length = 0;
    const char *star = strrchr(word, '*');
    if (star && (star == word || star[-1] == '\\' || !star[1] || strspn(star + 1, "0123456789") != strlen(star + 1))) star = NULL;
    for (const char *at = word; *at && at != star && length + 1 < size; at++) {
        unsigned byte;
        if (*at == '\\' && at[1] == 'n') text[length++] = '\n', at++;
        else if (*at == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &byte) == 1) text[length++] = (char)byte, at += 3;
        else if (*at == '\\' && at[1]) text[length++] = *++at;
        else text[length++] = *at;
    }
    if (star && length) {
        size_t wanted = strtoul(star + 1, NULL, 10);
        for (size_t i = length; i < wanted && i + 1 < size; i++) text[i] = text[i - length];
        length = wanted < size ? wanted : size - 1;
    }
    text[length] = 0;
    return length;
}

static void show(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '\n') printf("|");
        else if (byte < 0x20 || byte > 0x7e || byte == '|') printf("\\x%02x", byte);
        else putchar(byte);
    }
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Files whose text is another one at every read. */
static int moves(const char *path) {
    static const char *names[] = {"memory.stat", "memory.numa_stat", "memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt",
        "memory.memsw.usage_in_bytes", "memory.memsw.max_usage_in_bytes", "memory.kmem.usage_in_bytes", "memory.kmem.max_usage_in_bytes",
        "memory.kmem.slabinfo", "memory.shown_ram_in_bytes", "memory.kmem.tcp.usage_in_bytes", "pids.peak", "pids.events", "cpuset.memory_pressure"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(last_part(path), names[i])) return 1;
    return 0;
}

static int lists_members(const char *path) { return !strcmp(last_part(path), "tasks") || !strcmp(last_part(path), "cgroup.procs"); }

static int by_text(const void *left, const void *right) { return strcmp(*(const char *const *)left, *(const char *const *)right); }

static void show_sorted(const char *names[], size_t count) {
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count; i++) printf(" %s", names[i]);
}

/* Pids by the names of their processes; where they are not ascending, that. */
static void show_members(char *text) {
    const char *names[512];
    size_t count = 0;
    long last = -1;
    int ordered = 1;
    for (char *line = strtok(text, "\n"); line && count < 512; line = strtok(NULL, "\n")) {
        char *end;
        long pid = strtol(line, &end, 10);
        ordered = ordered && !*end && pid > last;
        last = pid;
        names[count++] = name_of(pid);
    }
    show_sorted(names, count);
    if (!ordered) printf(" NOT ASCENDING");
}

static void show_text(const char *path, char *text, size_t length) {
    text[length] = 0;
    if (moves(path)) return;
    if (lists_members(path)) return show_members(text);
    // A group freezes in the course of time; asked early, it says so.
    if (!strcmp(last_part(path), "freezer.state") && !strcmp(text, "FREEZING\n")) strcpy(text, "FROZEN\n"), length = 7;
    putchar(' ');
    show(text, length);
}

/* --- Results --- */

static int succeeded;
/* Set while an operation is done of which two things may be wrong, and the kernel does not ask a file system of FUSE about the one first. */
static int is_ambiguous;

static void result(long value) {
    succeeded = value >= 0;
    if (value < 0 && is_ambiguous) printf(" -> failed");
    else if (value < 0) printf(" -> %s", strerrorname_np(errno) ? strerrorname_np(errno) : "?");
    else printf(" -> ok");
}

void full(const char *word, char *path) {
    char relative[PATH];
    unescape(word, relative, sizeof relative - 1);
    if (inside || relative[0] == '/') snprintf(path, PATH, "%s", relative);
    else if (!strcmp(relative, ".")) snprintf(path, PATH, "%s", base);
    else snprintf(path, PATH, "%.4096s/%.4000s", base, relative);
}

static int flags_of(const char *word) {
    static const struct { const char *name; int flag; } all[] = {{"rw", O_RDWR}, {"w", O_WRONLY}, {"creat", O_CREAT}, {"excl", O_EXCL},
        {"trunc", O_TRUNC}, {"dir", O_DIRECTORY}, {"append", O_APPEND}, {"path", O_PATH}, {"nofollow", O_NOFOLLOW}, {"nonblock", O_NONBLOCK}};
    char copy[128];
    int flags = O_CLOEXEC;
    snprintf(copy, sizeof copy, "%s", word);
    for (char *part = strtok(copy, "+"); part; part = strtok(NULL, "+"))
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            if (!strcmp(part, all[i].name)) flags |= all[i].flag;
    return flags;
}

static void read_file(const char *path, size_t size) {
    char text[65536];
    size_t length = 0;
    ssize_t count = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return result(-1);
    while (length < sizeof text - 1 && (count = read(file, text + length, length + size < sizeof text ? size : sizeof text - 1 - length)) > 0)
        length += (size_t)count;
    result(count);
    close(file);
    if (count >= 0) show_text(path, text, length);
}

/* As cat(1) does: by sendfile(2), by read(2) where that does not do it for this file. */
static void send_file(const char *path) {
    char text[16385];
    ssize_t length = 0, count;
    int file = open(path, O_RDONLY | O_CLOEXEC), copy = memfd_create("copy", MFD_CLOEXEC);
    if (file < 0) {
        result(-1);
    } else if ((count = sendfile(copy, file, NULL, sizeof text - 1)) < 0 && errno == EINVAL) {
        read_file(path, sizeof text - 1);
    } else {
        while (count > 0 && (count = sendfile(copy, file, NULL, sizeof text - 1)) > 0) {}
        result(count);
        length = count < 0 ? 0 : pread(copy, text, sizeof text - 1, 0);
        if (count >= 0 && length >= 0) show_text(path, text, (size_t)length);
    }
    if (file >= 0) close(file);
    close(copy);
}

static void write_file(const char *path, const char *text, size_t length, off_t offset) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return result(-1), (void)printf(" (open)");
    ssize_t count = offset < 0 ? write(file, text, length) : pwrite(file, text, length, offset);
    result(count);
    if (count >= 0 && (size_t)count != length) printf(" %zd", count);
    close(file);
}

/* The names of an open directory, by entries that come in portions of `size` bytes. */
static void list(int folder, size_t size) {
    static char names[1024][258];
    const char *sorted[1024];
    size_t count = 0;
    _Alignas(8) char buffer[32768];
    long length;
    lseek(folder, 0, SEEK_SET);
    while ((length = syscall(SYS_getdents64, folder, buffer, size)) > 0) {
        for (long at = 0; at < length && count < 1024;) {
            struct dirent64 *entry = (struct dirent64 *)(buffer + at);
            snprintf(names[count], sizeof *names, "%.250s%s", entry->d_name, entry->d_type == DT_DIR ? "/" : entry->d_type == DT_REG ? "" : "?");
            sorted[count] = names[count], count++;
            at += entry->d_reclen;
        }
    }
    result(length);
    if (length < 0) return;
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 0; i < count; i++) putchar(' '), show(sorted[i], strlen(sorted[i]));
}

static void show_status(long outcome, const struct stat *status) {
    result(outcome);
    if (outcome < 0) return;
    printf(" %o %u %u %lu", status->st_mode & 07777, status->st_uid, status->st_gid, (unsigned long)status->st_nlink);
    if (S_ISREG(status->st_mode)) printf(" file");
    else printf(" %lld %s", (long long)status->st_size, S_ISDIR(status->st_mode) ? "directory" : "?");
}

/* --- Operations --- */

static void keep(int slot, const char *word, const char *flags) {
    char path[PATH];
    full(word, path);
    if (kept[slot] >= 0) close(kept[slot]);
    kept[slot] = open(path, flags_of(flags));
    kept_moves[slot] = moves(path) || lists_members(path) || !strcmp(last_part(path), "freezer.state");
    result(kept[slot]);
}

static int kept_operation(const char *name, char *words[], size_t count) {
    if (strncmp(name, "kept-", 5) && strcmp(name, "keep")) return 0;
    int slot = count > 1 ? atoi(words[1]) & (KEPT - 1) : 0;
    char text[TEXT];
    size_t length = count > 2 ? unescape(words[2], text, sizeof text) : 0;
    if (!strcmp(name, "keep") && count > 3) keep(slot, words[2], words[3]);
    else if (!strcmp(name, "kept-read") && count > 3) {
        ssize_t got = pread(kept[slot], text, (size_t)atoi(words[2]) % sizeof text, atoi(words[3]));
        result(got);
        if (got > 0 && !kept_moves[slot]) putchar(' '), show(text, (size_t)got);
    } else if (!strcmp(name, "kept-next") && count > 2) {
        ssize_t got = read(kept[slot], text, (size_t)atoi(words[2]) % sizeof text);
        result(got);
        if (got > 0 && !kept_moves[slot]) putchar(' '), show(text, (size_t)got);
    } else if (!strcmp(name, "kept-write")) result(write(kept[slot], text, length));
    else if (!strcmp(name, "kept-list")) list(kept[slot], 32768);
    else if (!strcmp(name, "kept-mkdir") && count > 2) result(mkdirat(kept[slot], text, 0755));
    else if (!strcmp(name, "kept-rmdir") && count > 2) result(unlinkat(kept[slot], text, AT_REMOVEDIR));
    else if (!strcmp(name, "kept-open") && count > 2) {
        int file = openat(kept[slot], text, O_RDONLY | O_CLOEXEC);
        result(file);
        if (file >= 0) close(file);
    } else if (!strcmp(name, "kept-close")) {
        result(kept[slot] < 0 ? 0 : close(kept[slot]));
        kept[slot] = -1;
    } else return 0;
    return 1;
}

static void one_path(const char *name, const char *path, char *words[], size_t count) {
    char text[TEXT];
    struct stat status;
    long number = count > 2 ? strtol(words[2], NULL, 0) : 0;
    if (!strcmp(name, "mkdir")) result(mkdir(path, count > 2 ? (mode_t)strtol(words[2], NULL, 8) : 0777));
    else if (!strcmp(name, "rmdir")) result(rmdir(path));
    else if (!strcmp(name, "open")) {
        int file = open(path, count > 2 ? flags_of(words[2]) : O_RDONLY, 0644);
        result(file);
        if (file >= 0) close(file);
    } else if (!strcmp(name, "read")) read_file(path, 16384);
    else if (!strcmp(name, "send")) send_file(path);
    else if (!strcmp(name, "pieces")) read_file(path, number > 0 ? (size_t)number : 1);
    else if (!strcmp(name, "write") && count > 2) write_file(path, text, unescape(words[2], text, sizeof text), -1);
    else if (!strcmp(name, "pwrite") && count > 3) write_file(path, text, unescape(words[3], text, sizeof text), number);
    else if (!strcmp(name, "move") && count > 2) {
        pid_text(words[2], text, sizeof text);
        write_file(path, text, strlen(text), -1);
    } else if (!strcmp(name, "chmod") && count > 2) result(chmod(path, (mode_t)strtol(words[2], NULL, 8)));
    else if (!strcmp(name, "chown") && count > 3) result(chown(path, (uid_t)number, (gid_t)strtol(words[3], NULL, 0)));
    else if (!strcmp(name, "stat")) show_status(stat(path, &status), &status);
    else if (!strcmp(name, "list")) {
        int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) return result(-1);
        list(folder, number > 0 ? (size_t)number : 32768);
        close(folder);
    } else if (!strcmp(name, "access")) result(faccessat(AT_FDCWD, path, (int)number, AT_EACCESS));
    else if (!strcmp(name, "access-as-real")) result(faccessat(AT_FDCWD, path, (int)number, 0));
    else if (!strcmp(name, "unlink")) result(unlink(path));
    else if (!strcmp(name, "mknod")) result(mknod(path, S_IFREG | 0644, 0));
    else if (!strcmp(name, "fifo")) result(mknod(path, S_IFIFO | 0644, 0));
    else if (!strcmp(name, "truncate")) result(truncate(path, number));
    else if (!strcmp(name, "utimes")) {
        struct timespec times[2] = {{.tv_sec = number}, {.tv_nsec = number & 1 ? UTIME_NOW : UTIME_OMIT}};
        result(utimensat(AT_FDCWD, path, count > 2 && number >= 0 ? times : NULL, 0));
    } else printf(" -> unknown operation");
}

static int two_paths(const char *name, const char *path, const char *word) {
    char second[PATH];
    full(word, second);
    if (!strcmp(name, "rename")) result(rename(path, second));
    else if (!strcmp(name, "exchange")) result(syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, second, 2));
    else if (!strcmp(name, "noreplace")) result(syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, second, 1));
    else if (!strcmp(name, "link")) result(link(path, second));
    else if (!strcmp(name, "symlink")) result(symlink(path, second));
    else return 0;
    return 1;
}

static void perform(char *words[], size_t count) {
    char path[PATH];
    if (count < 2) return (void)printf(" -> unknown operation");
    if (!strcmp(words[0], "in")) {
        full(words[1], path);
        if (inside || chdir(path) != 0) return result(-1), (void)printf(" (chdir)");
        inside = 1;
        perform(words + 2, count - 2);
        inside = 0;
        if (chdir("/") != 0) abort();
        return;
    }
    if (!strcmp(words[0], "umask")) return (void)umask((mode_t)strtol(words[1], NULL, 8)), result(0);
    if (kept_operation(words[0], words, count)) return;
    full(words[1], path);
    if (count > 2 && two_paths(words[0], path, words[2])) return;
    one_path(words[0], path, words, count);
}

int operate_line(const char *line) {
    succeeded = 0;
    char copy[TEXT], *words[WORDS];
    size_t count = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *state, *word = strtok_r(copy, " ", &state); word && count < WORDS; word = strtok_r(NULL, " ", &state)) words[count++] = word;
    for (size_t i = 0; i < count; i++) printf(i ? " %s" : "%s", words[i]);
    is_ambiguous = is_random && !is_privileged()
        && (strstr(line, "rename ") || strstr(line, "rmdir ") || strstr(line, "exchange ") || strstr(line, "noreplace ") || strstr(line, "link "));
    perform(words, count);
    putchar('\n');
    fflush(stdout);
    return succeeded;
}
