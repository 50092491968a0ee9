/*
 * `make coverage` counts lines in memory and writes the counters when a
 * process exits. One that ends without that has to say so before: what was
 * done until a signal, or a crash that a test asked for, was tested, too.
 */
#ifndef LIB_BASE_COVERAGE_H
#define LIB_BASE_COVERAGE_H

#ifdef RESUTIL_COVERAGE
void __gcov_dump(void);
#define coverage_dump() __gcov_dump()
/**
 * For handlers, when the action of `signo` is already what ends the process.
 * Writing takes memory, and the signal may have come in the midst of malloc(3):
 * then the process would wait for itself, with a lock on the counters of all.
 */
void coverage_dump_dying(int signo);
#else
#define coverage_dump() ((void)0)
#define coverage_dump_dying(signo) ((void)0)
#endif

#endif
