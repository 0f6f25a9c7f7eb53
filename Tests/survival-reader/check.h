/* What a container with known limits must read: grammar, limits, sums, and that nothing goes back between two texts of one file. */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

enum kind { MEMINFO, CPUINFO, STAT, UPTIME, LOADAVG, SWAPS, VMSTAT, DISKSTATS, SLABINFO, PRESSURE, CPU_LIST };

enum { MOST_CPUS = 64, COLUMNS = 10 };

/* What the container has. */
struct expectation {
    /* MemTotal in KiB. */
    uint64_t memory;
    /* The CPUs, ascending. */
    unsigned cpus[MOST_CPUS];
    unsigned cpu_count;
    /* Whether a task runs all the time, so that the load averages only rise. */
    int is_busy;
};

/* What the last text of a file said; all zero before the first. One for each file and each way of reading it. */
struct series {
    /* CLOCK_MONOTONIC in seconds, before and after the read at offset 0. */
    double began, ended;
    uint64_t shape;
    uint64_t columns[MOST_CPUS][COLUMNS];
    /* Boot time of /proc/stat; `total=` of the two lines of a pressure file. */
    uint64_t counters[2];
    double uptime, idle, highest_load;
};

/* NULL where the text is right, else what is wrong with it. The text was made between `began` and `ended`. */
const char *check(enum kind kind, const char *text, size_t length, double began, double ended, struct series *last,
                  const struct expectation *expected);

/* Whether a list as `0-2,5` names exactly the CPUs of the container. */
int is_cpu_list(const char *text, size_t length, const struct expectation *expected);

#endif
