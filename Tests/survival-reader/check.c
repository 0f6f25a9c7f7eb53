#include "check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Ticks of a second in /proc/stat. */
static const double ticks = 100;

struct text {
    const char *bytes;
    size_t length;
};

/* Takes the next line with its end: 1, or 0 where there is none. A last line without an end is not a line. */
static int next_line(struct text *rest, struct text *line) {
    const char *end = rest->length ? memchr(rest->bytes, '\n', rest->length) : NULL;
    if (!end) return 0;
    line->bytes = rest->bytes;
    line->length = (size_t)(end - rest->bytes);
    rest->bytes += line->length + 1;
    rest->length -= line->length + 1;
    return 1;
}

static int skip(struct text *line, const char *prefix) {
    size_t length = strlen(prefix);
    if (line->length < length || memcmp(line->bytes, prefix, length)) return 0;
    line->bytes += length;
    line->length -= length;
    return 1;
}

static void skip_blanks(struct text *line) {
    while (line->length && (*line->bytes == ' ' || *line->bytes == '\t')) line->bytes++, line->length--;
}

/* A word without blanks; 0 at the end of the line. */
static int word(struct text *line, struct text *found) {
    skip_blanks(line);
    found->bytes = line->bytes;
    while (line->length && *line->bytes != ' ' && *line->bytes != '\t') line->bytes++, line->length--;
    found->length = (size_t)(line->bytes - found->bytes);
    return found->length > 0;
}

/* Decimal digits alone, as many as a uint64_t takes. */
static int digits(struct text *line, uint64_t *value) {
    size_t count = 0;
    *value = 0;
    for (; line->length && isdigit((unsigned char)*line->bytes); line->bytes++, line->length--, count++)
        *value = *value * 10 + (uint64_t)(*line->bytes - '0');
    return count > 0 && count < 20;
}

static int number(struct text *line, uint64_t *value) {
    struct text found;
    return word(line, &found) && digits(&found, value) && !found.length;
}

/* Digits, a point, two digits. */
static int hundredths(struct text *line, double *value) {
    struct text found;
    uint64_t whole, part;
    if (!word(line, &found) || !digits(&found, &whole) || !skip(&found, ".") || found.length != 2 || !digits(&found, &part)) return 0;
    *value = (double)whole + (double)part / 100;
    return 1;
}

static int is_end(struct text *line) {
    skip_blanks(line);
    return !line->length;
}

/* A hash of the text in which every run of digits, points and blanks is one character. */
static uint64_t shape(struct text text) {
    uint64_t hash = 1469598103934665603u;
    char before = 0;
    for (size_t i = 0; i < text.length; i++) {
        char character = text.bytes[i];
        if (isdigit((unsigned char)character) || character == '.' || character == ' ' || character == '\t') character = '#';
        if (character == '#' && before == '#') continue;
        before = character;
        hash = (hash ^ (unsigned char)character) * 1099511628211u;
    }
    return hash;
}

static int keeps_shape(struct text text, struct series *last) {
    uint64_t now = shape(text);
    int keeps = !last->shape || last->shape == now;
    last->shape = now;
    return keeps;
}

struct field {
    const char *name;
    uint64_t value;
    int is_there;
};

static const char *meminfo(struct text text, struct series *last, const struct expectation *expected) {
    enum { TOTAL, FREE, AVAILABLE, ACTIVE, ACTIVE_ANON, ACTIVE_FILE, INACTIVE, INACTIVE_ANON, INACTIVE_FILE, SLAB, RECLAIMABLE, UNRECLAIMABLE,
           SWAP_TOTAL, SWAP_FREE, COUNT };
    struct field fields[COUNT] = {
        {"MemTotal:", 0, 0}, {"MemFree:", 0, 0}, {"MemAvailable:", 0, 0}, {"Active:", 0, 0}, {"Active(anon):", 0, 0}, {"Active(file):", 0, 0},
        {"Inactive:", 0, 0}, {"Inactive(anon):", 0, 0}, {"Inactive(file):", 0, 0}, {"Slab:", 0, 0}, {"SReclaimable:", 0, 0},
        {"SUnreclaim:", 0, 0}, {"SwapTotal:", 0, 0}, {"SwapFree:", 0, 0}};
    struct text rest = text, line;
    while (next_line(&rest, &line)) {
        struct text name, unit;
        uint64_t value;
        if (!word(&line, &name) || name.bytes[name.length - 1] != ':' || !number(&line, &value)) return "a line is not `Name: number`";
        if (word(&line, &unit) && (unit.length != 2 || memcmp(unit.bytes, "kB", 2) || !is_end(&line))) return "a unit is not kB";
        for (int i = 0; i < COUNT; i++) {
            if (name.length != strlen(fields[i].name) || memcmp(name.bytes, fields[i].name, name.length)) continue;
            if (fields[i].is_there) return "a line is there twice";
            fields[i].value = value;
            fields[i].is_there = 1;
        }
    }
    if (rest.length) return "the last line has no end";
    for (int i = 0; i < COUNT; i++)
        if (!fields[i].is_there) return "a line is missing";
    if (fields[TOTAL].value != expected->memory) return "MemTotal is not the limit";
    if (fields[FREE].value > fields[AVAILABLE].value || fields[AVAILABLE].value > fields[TOTAL].value) return "MemFree, MemAvailable, MemTotal";
    if (fields[ACTIVE].value != fields[ACTIVE_ANON].value + fields[ACTIVE_FILE].value) return "Active is not the sum of its parts";
    if (fields[INACTIVE].value != fields[INACTIVE_ANON].value + fields[INACTIVE_FILE].value) return "Inactive is not the sum of its parts";
    if (fields[SLAB].value != fields[RECLAIMABLE].value + fields[UNRECLAIMABLE].value) return "Slab is not the sum of its parts";
    if (fields[SWAP_FREE].value > fields[SWAP_TOTAL].value) return "more swap is free than there is";
    return keeps_shape(text, last) ? NULL : "lines came or went";
}

static const char *cpuinfo(struct text text, struct series *last, const struct expectation *expected) {
    struct text rest = text, line;
    unsigned seen = 0;
    while (next_line(&rest, &line)) {
        if (!line.length) continue;
        if (!memchr(line.bytes, ':', line.length)) return "a line has no colon";
        uint64_t value;
        if (!skip(&line, "processor")) continue;
        skip_blanks(&line);
        if (!skip(&line, ":")) continue;
        if (!number(&line, &value) || !is_end(&line)) return "a processor is no number";
        if (seen >= expected->cpu_count || value != expected->cpus[seen]) return "the processors are not the container's";
        seen++;
    }
    if (rest.length) return "the last line has no end";
    if (seen != expected->cpu_count) return "a processor is missing";
    return keeps_shape(text, last) ? NULL : "lines came or went";
}

/* Ten counters and nothing behind them. */
static int columns(struct text *line, uint64_t *values) {
    for (int i = 0; i < COLUMNS; i++)
        if (!number(line, &values[i])) return 0;
    return is_end(line);
}

static uint64_t sum(const uint64_t *values) {
    uint64_t sum = 0;
    for (int i = 0; i < COLUMNS; i++) sum += values[i];
    return sum;
}

/* Nothing goes back, and every CPU had as much time as there was: neither less nor more. */
static const char *progress(uint64_t now[][COLUMNS], double began, double ended, struct series *last, const struct expectation *expected) {
    static const char *const went_back[COLUMNS] = {"user went back", "nice went back", "system went back", "idle went back", "iowait went back",
        "irq went back", "softirq went back", "steal went back", "guest went back", "guest_nice went back"};
    uint64_t moved = 0;
    for (unsigned cpu = 0; cpu < expected->cpu_count; cpu++) {
        for (int i = 0; i < COLUMNS; i++)
            if (now[cpu][i] < last->columns[cpu][i]) return went_back[i];
        moved += sum(now[cpu]) - sum(last->columns[cpu]);
    }
    double slack = 30.0 * expected->cpu_count;
    if ((double)moved > (ended - last->began) * 1.05 * ticks * expected->cpu_count + slack) return "more time than passed";
    if ((double)moved < (began - last->ended) * 0.95 * ticks * expected->cpu_count - slack) return "less time than passed";
    return NULL;
}

static const char *stat_file(struct text text, double began, double ended, struct series *last, const struct expectation *expected) {
    struct text rest = text, line, name;
    uint64_t whole[COLUMNS], now[MOST_CPUS][COLUMNS], parts[COLUMNS] = {0}, boot = 0;
    if (!next_line(&rest, &line) || !skip(&line, "cpu  ") || !columns(&line, whole)) return "the first line is not `cpu` and ten counters";
    for (unsigned cpu = 0; cpu < expected->cpu_count; cpu++) {
        uint64_t id;
        if (!next_line(&rest, &line) || !skip(&line, "cpu") || !digits(&line, &id) || id != expected->cpus[cpu]) return "not the container's CPUs";
        if (!columns(&line, now[cpu])) return "not ten counters";
        for (int i = 0; i < COLUMNS; i++) parts[i] += now[cpu][i];
    }
    if (memcmp(whole, parts, sizeof whole)) return "the first line is not the sum of the others";
    static const char *const names[] = {"intr", "ctxt", "btime", "processes", "procs_running", "procs_blocked", "softirq"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t value;
        if (!next_line(&rest, &line) || !word(&line, &name) || name.length != strlen(names[i]) || memcmp(name.bytes, names[i], name.length))
            return "a line is missing, or of another name";
        if (!number(&line, &value)) return "a line without a number";
        if (i == 2) boot = value;
        while (!is_end(&line))
            if (!number(&line, &value)) return "a number is none";
    }
    if (rest.length) return "something stands behind softirq";
    const char *fault = NULL;
    if (last->began > 0) {
        if (boot > last->counters[0] + 1 || boot + 1 < last->counters[0]) fault = "btime moved";
        else fault = progress(now, began, ended, last, expected);
    }
    last->counters[0] = boot;
    memcpy(last->columns, now, sizeof now[0] * expected->cpu_count);
    return fault;
}

static const char *uptime(struct text text, double began, double ended, struct series *last, const struct expectation *expected) {
    struct text rest = text, line;
    double up, idle;
    if (!next_line(&rest, &line) || rest.length) return "not one line";
    if (!hundredths(&line, &up) || !hundredths(&line, &idle) || !is_end(&line)) return "not two times";
    const char *fault = NULL;
    if (last->began > 0) {
        if (up < last->uptime) fault = "the uptime went back";
        else if (idle < last->idle) fault = "the idle time went back";
        else if (idle - last->idle > (up - last->uptime) * expected->cpu_count + 0.05) fault = "more idle time than time";
        else if (up - last->uptime > ended - last->began + 0.03) fault = "the uptime jumped";
        else if (up - last->uptime < began - last->ended - 0.03) fault = "the uptime stood still";
    }
    last->uptime = up;
    last->idle = idle;
    return fault;
}

static const char *loadavg(struct text text, struct series *last, const struct expectation *expected) {
    struct text rest = text, line;
    double averages[3];
    uint64_t running, tasks, newest;
    if (!next_line(&rest, &line) || rest.length) return "not one line";
    for (int i = 0; i < 3; i++)
        if (!hundredths(&line, &averages[i])) return "not three averages";
    skip_blanks(&line);
    if (!digits(&line, &running) || !skip(&line, "/") || !digits(&line, &tasks) || !number(&line, &newest) || !is_end(&line))
        return "not running/tasks and a pid";
    if (running > tasks) return "more tasks run than there are";
    if (averages[0] > last->highest_load) last->highest_load = averages[0];
    /* It wavers with the number of readers that run at the moment of a count. */
    if (expected->is_busy && averages[0] < last->highest_load * 0.7 - 0.05) return "the load fell";
    return NULL;
}

static const char *swaps(struct text text) {
    struct text rest = text, line, name;
    if (!next_line(&rest, &line) || !skip(&line, "Filename\t")) return "not the header";
    while (next_line(&rest, &line)) {
        uint64_t size, used;
        if (!word(&line, &name) || !word(&line, &name) || !number(&line, &size) || !number(&line, &used)) return "not a row";
        if (!word(&line, &name) || !is_end(&line)) return "not five words";
        if (used > size) return "more is used than there is";
    }
    return rest.length ? "the last line has no end" : NULL;
}

static const char *vmstat(struct text text, struct series *last) {
    struct text rest = text, line, name;
    while (next_line(&rest, &line)) {
        uint64_t value;
        if (!word(&line, &name) || !number(&line, &value) || !is_end(&line)) return "a line is not a name and a number";
    }
    if (rest.length) return "the last line has no end";
    return keeps_shape(text, last) ? NULL : "lines came or went";
}

static const char *diskstats(struct text text) {
    struct text rest = text, line, name;
    size_t first = 0;
    while (next_line(&rest, &line)) {
        uint64_t value;
        if (!number(&line, &value) || !number(&line, &value) || !word(&line, &name)) return "not two numbers and a name";
        size_t count = 0;
        while (!is_end(&line)) {
            if (!number(&line, &value)) return "a counter is no number";
            count++;
        }
        if (count < 11 || (first && count != first)) return "not as many counters as in the line before";
        first = count;
    }
    return rest.length ? "the last line has no end" : NULL;
}

static const char *slabinfo(struct text text) {
    struct text rest = text, line;
    if (!next_line(&rest, &line) || !skip(&line, "slabinfo - version: ")) return "not the first line";
    if (!next_line(&rest, &line) || !skip(&line, "# name ")) return "not the second line";
    while (next_line(&rest, &line)) {}
    return rest.length ? "the last line has no end" : NULL;
}

static const char *pressure(struct text text, struct series *last) {
    struct text rest = text, line;
    const char *fault = NULL;
    int count = 0;
    while (next_line(&rest, &line)) {
        static const char *const keys[] = {"avg10=", "avg60=", "avg300="};
        uint64_t total;
        double average;
        if (count == 2 || !(skip(&line, "some ") || skip(&line, "full "))) return "a line is neither some nor full";
        for (int i = 0; i < 3; i++)
            if (!skip(&line, keys[i]) || !hundredths(&line, &average) || !skip(&line, " ")) return "an average is none";
        if (!skip(&line, "total=") || !digits(&line, &total) || line.length) return "the total is none";
        if (last->began > 0 && total < last->counters[count]) fault = "the total went back";
        last->counters[count++] = total;
    }
    if (rest.length) return "the last line has no end";
    if (!count) return "no line";
    return keeps_shape(text, last) ? fault : "lines came or went";
}

int is_cpu_list(const char *bytes, size_t length, const struct expectation *expected) {
    struct text rest = {bytes, length}, line;
    unsigned seen = 0;
    if (!next_line(&rest, &line) || rest.length) return 0;
    do {
        uint64_t first, end;
        if (!digits(&line, &first)) return 0;
        end = first;
        if (skip(&line, "-") && !digits(&line, &end)) return 0;
        for (; first <= end; first++, seen++)
            if (seen >= expected->cpu_count || expected->cpus[seen] != first) return 0;
    } while (skip(&line, ","));
    return !line.length && seen == expected->cpu_count;
}

const char *check(enum kind kind, const char *bytes, size_t length, double began, double ended, struct series *last,
                  const struct expectation *expected) {
    struct text text = {bytes, length};
    const char *fault = NULL;
    switch (kind) {
    case MEMINFO: fault = meminfo(text, last, expected); break;
    case CPUINFO: fault = cpuinfo(text, last, expected); break;
    case STAT: fault = stat_file(text, began, ended, last, expected); break;
    case UPTIME: fault = uptime(text, began, ended, last, expected); break;
    case LOADAVG: fault = loadavg(text, last, expected); break;
    case SWAPS: fault = swaps(text); break;
    case VMSTAT: fault = vmstat(text, last); break;
    case DISKSTATS: fault = diskstats(text); break;
    case SLABINFO: fault = slabinfo(text); break;
    case PRESSURE: fault = pressure(text, last); break;
    case CPU_LIST: fault = is_cpu_list(bytes, length, expected) ? NULL : "not the container's CPUs"; break;
    }
    last->began = began;
    last->ended = ended;
    return fault;
}
