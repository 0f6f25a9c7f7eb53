/* A random sequence of operations in one subtree: what is asked depends on the seed and on what was answered, and on nothing else. */
#include "cgroup-tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ONE_OF(array) (array)[chance(COUNT(array))]

/* Names of groups. The first are asked for most. */
static const char *const groups[] = {"a", "b", "c", "d"};
static const char *const odd[] = {"a\\x20b", "\\xff\\xfe", "t\\x09b", "new\\nline", "e\\xcc\\x81", "x*255", "x*256", "x*300", "tasks", "cgroup.procs", "...",
    "notify_on_release", "memory.stat", "user.slice", "\\\\134", "(deleted)", "-", "cgroup.x", "new\\nline/a", "%s", "*"};

/* Files, their controller by the first word of their names, and what is written to them. */
static const struct file {
    const char *name, *texts[14];
} files[] = {
    {"tasks", {"x", "", "-1"}},
    {"cgroup.procs", {"\\n", "1x", "-1"}},
    {"notify_on_release", {"0", "1", "1\\n", "2", "x", "-1", "0x1", "18446744073709551616"}},
    {"cgroup.clone_children", {"0", "1", "2", "x"}},
    {"memory.limit_in_bytes", {"-1", "64M", "67108864", "100000000\\n", "1G", "64m", "12x", "-5", "\\x2064M", "99999999999999999999999", "0x8000000", "64M\\n", "2147483648"}},
    {"memory.soft_limit_in_bytes", {"-1", "0", "4096", "5000", "32M", "x", "1T"}},
    {"memory.memsw.limit_in_bytes", {"-1", "512M", "4G", "10", "x"}},
    {"memory.swappiness", {"0", "60", "100", "200", "201", "-1", "x", "60\\n"}},
    {"memory.use_hierarchy", {"0", "1", "2"}},
    {"memory.move_charge_at_immigrate", {"0", "8", "x"}},
    {"memory.oom_control", {"0", "1", "2", "x"}},
    {"memory.failcnt", {"0", "1"}},
    {"memory.stat", {"0"}},
    {"memory.usage_in_bytes", {"0"}},
    {"memory.pressure_level", {"low"}},
    {"pids.max", {"max", "0", "1", "100", "max\\n", "-1", "x", "4194305", "4194303", "07", "0x7"}},
    {"pids.current", {"1"}},
    {"pids.events", {"1"}},
    {"freezer.state", {"THAWED", "FROZEN", "FROZEN\\n", "THAWED\\n", "frozen", "FREEZING", "X", "FROZEN\\x20"}},
    {"freezer.self_freezing", {"0"}},
    {"freezer.parent_freezing", {"1"}},
    {"cpuset.cpus", {"0", "0-1", "1", "\\n", "0-", "1-0", "99", "0,,1", "0,1\\n", "x", "0-1:1/2", "all"}},
    {"cpuset.mems", {"0", "\\n", "1", "0-", "x"}},
    {"cpuset.effective_cpus", {"0"}},
    {"cpuset.memory_migrate", {"0", "1", "2", "x"}},
    {"cpuset.cpu_exclusive", {"0", "x"}},
    {"cpuset.mem_hardwall", {"0", "1", "x"}},
    {"cpuset.sched_relax_domain_level", {"-1", "x"}},
    {"cpuset.memory_spread_slab", {"0", "1"}},
    {"devices.list", {"a"}},
    {"devices.deny", {"a", "c\\x201:3\\x20rwm", "c\\x201:5\\x20w", "b\\x208:0\\x20r", "c\\x20*:*\\x20m", "x", "c", "c\\x201", "c\\x201:3", "c\\x201:3\\x20rwmx"}},
    {"devices.allow", {"a", "c\\x201:3\\x20rwm", "c\\x201:5\\x20w", "b\\x208:0\\x20r", "c\\x20*:*\\x20m", "x", "c\\x201:3\\x20", "c\\x20:3\\x20r", "a\\x20*:*\\x20rwm"}},
    {"no.such.file", {"1"}},
};
static const struct file *present[COUNT(files)];
static size_t present_count;

static const char *const whom[] = {"self", "self", "0", "child0", "child0", "child1", "child1", "thread", "foreign", "dead", "-1", "99999999", "hex:child0",
    "upper:child1", "octal:child0", "line:child1", "blank:child0", "plus:child0", "minus:child0", "two:child0", "lines:child0", "tail:child1", "long:child0",
    "huge:child0", "text:child0", "hex:dead", "octal:0", "minus:0"};
static const char *const modes[] = {"0755", "0700", "0555", "0", "0644", "0600", "0444", "0711", "02755", "01777", "04644", "07777", "0222"};
static const char *const owners[] = {"-1", "0", "12345", "100000", "54321", "100001", "4294967295"};
static const char *const odd_flags[] = {"r", "w", "rw", "creat+w", "creat+rw", "creat+excl+w", "trunc+w", "trunc", "dir", "dir+rw", "creat+dir", "append+w", "path",
    "nofollow", "nonblock", "creat", "trunc+rw"};
static const char *const bad_texts[] = {"x", "x*10", "x*100", "x*4095", "x*4096", "x*4097", "x*5000", "0*4095", "0*4096", "0*4097", "\\x00", "1\\x00\\x31", "\\n", "\\x20", "\\n*5000",
    "\\xff"};

static const char *names(void) {
    static char repeated[301];
    const char *name = chance(16) ? ONE_OF(groups) : ONE_OF(odd);
    unsigned length;
    if (sscanf(name, "x*%u", &length) != 1 || length >= sizeof repeated) return name;
    memset(repeated, 'x', length);
    repeated[length] = 0;
    return repeated;
}

/* Groups that were made, some of them gone again. */
static char made[24][256];
static size_t made_count;

static void remember(const char *line) {
    char path[256];
    if (sscanf(line, "mkdir %255s", path) == 1) strcpy(made[made_count++ % COUNT(made)], path);
}

/* Whether there are `..` and `.` in paths: the kernel asks cgroupfs for the right to pass through their directory, and a file system of FUSE not. */
static int goes_around(uint64_t below) { return !chance(below) && is_privileged(); }

/* A path of at most `depth` groups below the base; `.` for the base itself. Never leaves the base. */
static void group_path(char *path, size_t depth) {
    *path = 0;
    if (made_count && chance(3)) {
        strcpy(path, made[chance(made_count < COUNT(made) ? made_count : COUNT(made))]);
        if (chance(3)) return;
        strcat(strcat(path, "/"), names());
        return;
    }
    size_t levels = chance(depth + 1);
    if (levels == 0 && depth > 1 && chance(2)) levels = 1;
    for (size_t i = 0; i < levels; i++) {
        const char *name = names();
        if (goes_around(24)) sprintf(path + strlen(path), "%s/../", name);
        if (goes_around(24)) strcat(path, "./");
        if (!chance(40)) strcat(path, "/");
        strcat(path, name);
        if (i + 1 < levels) strcat(path, "/");
    }
    if (*path == '/') memmove(path, path + 1, strlen(path));
    if (!*path) strcpy(path, ".");
    else if (!chance(40)) strcat(path, "/");
    else if (goes_around(60)) strcat(path, "/.");
}

static void file_path(char *path, const char *name) {
    group_path(path, 3);
    if (!strcmp(path, ".")) strcpy(path, name);
    else strcat(strcat(path, "/"), name);
    if (!chance(80)) strcat(path, "/");
}

static const struct file *any_file(void) { return present[chance(present_count)]; }

static const char *text_for(const struct file *file) {
    size_t count = 0;
    while (count < COUNT(file->texts) && file->texts[count]) count++;
    const char *text = count && chance(8) ? file->texts[chance(count)] : ONE_OF(bad_texts);
    return *text ? text : "\\n";
}

/* Nothing but blanks, which the kernel takes for 0. */
static int is_blank(const char *text) {
    static char bytes[TEXT];
    unescape(text, bytes, sizeof bytes);
    return !bytes[strspn(bytes, " \n")];
}

/* A text that would leave next to no memory in this file's group: nobody is to be killed. */
static int starves(const struct file *file, const char *text) {
    if (!strstr(file->name, "limit_in_bytes")) return 0;
    return is_blank(text) || ((*text == '0' || *text == '1') && strcmp(text, "1G") && strcmp(text, "12x") && strncmp(text, "100", 3));
}

static int is_base(const char *path) { return !strcmp(path, "."); }

/* --- Operations, each by its share --- */

static void change_groups(char *line, const char *path) {
    char other[PATH];
    group_path(other, 3);
    switch (chance(10)) {
        case 0: case 1: case 2: case 3: case 4: sprintf(line, "mkdir %s %s", path, chance(3) ? "0755" : ONE_OF(modes)); break;
        /* The base itself stays where it is: what lies above is no part of the comparison. */
        case 5: case 6:
            if (!is_base(path)) sprintf(line, "rmdir %s", path);
            break;
        case 7:
            if (!is_base(path) && !is_base(other)) sprintf(line, "rename %s %s", path, other);
            break;
        case 8: {
            /* Within one folder, where it succeeds. */
            const char *from = ONE_OF(groups), *to = names();
            if (is_base(path)) sprintf(line, "rename %s %s", from, to);
            else sprintf(line, "%s %s/%s %s/%s", chance(6) ? "rename" : chance(2) ? "noreplace" : "exchange", path, from, path, to);
            break;
        }
        default: sprintf(line, "in %s %s %s", path, chance(2) ? "mkdir" : "rmdir", names());
    }
}

static void change_owner_or_mode(char *line) {
    char path[PATH];
    if (chance(2)) group_path(path, 3);
    else file_path(path, any_file()->name);
    /* For an owner without capabilities, what is above must stay open to him; and a file that is open does not ask again. */
    if (!is_privileged()) {
        for (int slot = 0; slot < 4; slot++) {
            char close[32];
            sprintf(close, "kept-close %d", slot);
            operate_line(close);
        }
    }
    if (is_base(path)) return;
    if (chance(2)) sprintf(line, "chmod %s %s", path, is_privileged() || chance(3) ? ONE_OF(modes) : "0755");
    else sprintf(line, "chown %s %s %s", path, ONE_OF(owners), ONE_OF(owners));
}

static void move(char *line) {
    char path[PATH];
    file_path(path, chance(2) ? "cgroup.procs" : "tasks");
    const char *who = ONE_OF(whom);
    if (may_enter(path)) sprintf(line, "move %s %s", path, who);
}

static void write_value(char *line) {
    char path[PATH];
    const struct file *file = any_file();
    file_path(path, file->name);
    const char *text = text_for(file);
    /* Who freezes himself does not come back. */
    if (!strcmp(file->name, "freezer.state") && strstr(text, "FR") && !may_freeze(path)) return;
    if (starves(file, text)) return;
    /* Zeroes are a pid, too. */
    if ((!strcmp(file->name, "tasks") || !strcmp(file->name, "cgroup.procs")) && !may_enter(path)) return;
    /* What "a" does depends on groups below, and one that was removed counts for a while. */
    if (!strncmp(file->name, "devices.", 8) && *text == 'a') usleep(100000);
    if (!chance(10)) sprintf(line, "pwrite %s %d %s", path, (int)chance(5000), text);
    else sprintf(line, "write %s %s", path, text);
}

static void look(char *line, const char *group) {
    char path[PATH];
    const struct file *file = any_file();
    file_path(path, file->name);
    const char *any = chance(3) ? path : group;
    switch (chance(12)) {
        case 0: case 1: sprintf(line, "read %s", path); break;
        case 2: sprintf(line, "send %s", path); break;
        case 3: sprintf(line, "pieces %s %d", path, (int)chance(7) + 1); break;
        case 4: case 5: sprintf(line, "list %s", group); break;
        case 6: sprintf(line, "list %s %d", group, (int)(chance(2) ? 24 + chance(40) : 40 + chance(1000))); break;
        case 7: case 8: case 9: sprintf(line, "stat %s", any); break;
        case 10:
            if (chance(2)) sprintf(line, "access %s %d", any, (int)chance(8));
            else sprintf(line, "open %s %s", any, ONE_OF(odd_flags));
            break;
        default: sprintf(line, "in %s %s %s", group, chance(2) ? "read" : "stat", chance(3) ? file->name : "."); break;
    }
}

static void rare(char *line, const char *group) {
    char path[PATH], other[PATH];
    file_path(path, any_file()->name);
    group_path(other, 2);
    const char *any = chance(2) ? path : group;
    switch (chance(12)) {
        case 0: sprintf(line, "unlink %s", any); break;
        case 1: sprintf(line, "symlink %s %s", any, other); break;
        case 2: sprintf(line, "link %s %s", path, other); break;
        case 3: sprintf(line, "%s %s", chance(2) ? "mknod" : "fifo", any); break;
        case 4: sprintf(line, "utimes %s %d", any, (int)chance(5) - 1); break;
        case 5: sprintf(line, "truncate %s %d", any, (int)chance(3) * 4096); break;
        case 6: sprintf(line, "rmdir %s", path); break;
        case 7: sprintf(line, "mkdir %s", path); break;
        case 8: sprintf(line, "rename %s %s", path, other); break;
        case 9: sprintf(line, "list %s", path); break;
        case 10: sprintf(line, "read %s", group); break;
        default: sprintf(line, "umask %s", chance(2) ? "022" : ONE_OF(modes));
    }
}

static void kept(char *line, const char *group) {
    char path[PATH];
    const struct file *file = any_file();
    file_path(path, file->name);
    int slot = (int)chance(3);
    static int starving[3];
    switch (chance(8)) {
        case 0: case 1:
            starving[slot] = starves(file, "1");
            sprintf(line, "keep %d %s %s", slot, path, chance(2) ? "rw" : chance(2) ? "r" : "w");
            break;
        case 2: sprintf(line, "kept-read %d %d %d", slot, (int)chance(100), (int)chance(4)); break;
        case 3: sprintf(line, "kept-next %d %d", slot, (int)chance(20)); break;
        /* Nothing that could freeze this process, whatever file it goes to. */
        case 4: sprintf(line, "kept-write %d %s", slot, chance(3) && !starving[slot] ? "1" : "x"); break;
        case 5: sprintf(line, "keep 3 %s dir", group); break;
        case 6: sprintf(line, "%s 3 %s", chance(2) ? "kept-mkdir" : "kept-rmdir", ONE_OF(groups)); break;
        default:
            if (chance(3)) sprintf(line, "kept-open 3 %s", file->name);
            else strcpy(line, "kept-list 3");
    }
}

void sequence(unsigned long count) {
    static char line[4 * PATH];
    char path[PATH];
    for (size_t i = 0; i < COUNT(files); i++) {
        struct stat status;
        snprintf(path, sizeof path, "%.4000s/%s", base, files[i].name);
        /* The files of this controller, and one that is in none. */
        if (stat(path, &status) == 0 || i + 1 == COUNT(files)) present[present_count++] = &files[i];
    }
    static const char *const first[] = {"list .", "mkdir a", "mkdir b", "mkdir a/c", "mkdir a/c/d", "write a/cpuset.cpus 0-1", "write a/cpuset.mems 0",
        "write b/cpuset.cpus 0", "write b/cpuset.mems 0", "write a/cgroup.clone_children 1", "list a"};
    for (size_t i = 0; i < COUNT(first); i++) {
        if (operate_line(first[i])) remember(first[i]);
    }
    while (count-- > 0) {
        *line = 0;
        group_path(path, 3);
        uint64_t share = chance(100);
        if (share < 24) change_groups(line, path);
        else if (share < 40) move(line);
        else if (share < 60) write_value(line);
        else if (share < 80) look(line, path);
        else if (share < 88) change_owner_or_mode(line);
        else if (share < 94) kept(line, path);
        else rare(line, path);
        if (*line && operate_line(line)) remember(line);
    }
}
