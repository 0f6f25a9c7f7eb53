/*
 * read-loop COUNT ROUNDS FILE...: opens, reads to the end and closes, COUNT times a round, each FILE in turn in every round
 * (so that files of different servers alternate), and prints for each FILE the median over the rounds of microseconds per open+read+close.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

static void read_once(const char *path) {
    static char buffer[1 << 20];
    int file = open(path, O_RDONLY);
    if (file < 0) {
        perror(path);
        exit(1);
    }
    long total = 0;
    ssize_t got;
    while ((got = read(file, buffer, sizeof buffer)) > 0) total += got;
    if (got < 0 || total == 0) {
        fprintf(stderr, "%s: %s\n", path, got < 0 ? "read failed" : "empty");
        exit(1);
    }
    close(file);
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    int repeats = atoi(arguments[1]), rounds = atoi(arguments[2]), files = count - 3;
    double *results = calloc((size_t)files * rounds, sizeof *results);
    for (int file = 0; file < files; file++)
        for (int warm = 0; warm < 50; warm++) read_once(arguments[3 + file]);
    for (int round = 0; round < rounds; round++)
        for (int file = 0; file < files; file++) {
            double start = now();
            for (int repeat = 0; repeat < repeats; repeat++) read_once(arguments[3 + file]);
            results[(size_t)file * rounds + round] = (now() - start) / repeats;
        }
    for (int file = 0; file < files; file++) {
        qsort(results + (size_t)file * rounds, rounds, sizeof *results, ascending);
        printf("%.2f %s\n", results[(size_t)file * rounds + rounds / 2], arguments[3 + file]);
    }
    return 0;
}
