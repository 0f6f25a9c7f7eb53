/* What the parts of cgroup-tree have in common. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CHILDREN = 2, WORDS = 8, TEXT = 16384, PATH = 8192 };

/* --- main.c --- */

/* The folder that all paths of operations begin at, and what the options say. */
extern char base[PATH];
extern pid_t foreign_pid;
/* Whether operations are random ones, to be compared. */
extern int is_random;
/* For fuzz: the hierarchy's root, and groups outside the base by their paths from there; those that lie above the base. */
extern const char *hierarchy, *outside[16], *above[16];
extern size_t outside_count, above_count;

/* A number below `below`, from the seed. */
uint64_t chance(uint64_t below);
void seed(uint64_t value);

/* --- processes.c --- */

/* Two children and a thread that sleep, and one that is dead. */
void start_processes(void);
void end_processes(void);
/* What the process with that number is called. */
const char *name_of(long pid);
/* The number of `self`, `child0`, ...; of `hex:self` and the like the same number, written otherwise. */
void pid_text(const char *who, char *text, size_t size);
/* Whether modes do not bind it. */
int is_privileged(void);
/* Whether a process may be moved there without being frozen: nobody thaws this one. */
int may_enter(const char *path);
/* Whether this process stays awake when the group of that freezer.state freezes. */
int may_freeze(const char *path);

/* --- operations.c --- */

/* Carries out the operation of a line and prints it: words with blanks between them, blanks in words are \x20. Whether it succeeded. */
int operate_line(const char *line);
/* Backslash sequences to bytes; `*N` at the end repeats the text up to N bytes. The length. */
size_t unescape(const char *word, char *text, size_t size);
/* The path that a word of an operation stands for. */
void full(const char *word, char *path);

/* --- sequence.c, fuzz.c --- */

void sequence(unsigned long count);
/* The number of operations that had an effect outside. */
unsigned long fuzz(unsigned long count);
