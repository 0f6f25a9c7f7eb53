/*
 * Counts what is asked of the heap, by standing in front of glibc's own functions: in the program that this is linked into, or in any program
 * that is started with this as its LD_PRELOAD. Memory that is given back is not counted.
 */
#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

#include <stdint.h>

/* How often the calling thread has asked the heap for memory: malloc, calloc, realloc, and the aligned ones. */
uint64_t callocationcounter_of_this_thread(void);

/* Where the next `count` allocations of this thread come from is printed on standard error; 0 ends it. */
void callocationcounter_trace(int count);

#endif
