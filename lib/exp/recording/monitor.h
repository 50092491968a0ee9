/*
 * The series `system` of a run: what its processes use of the machine.
 * Source: resutil-run(1), "MONITORING".
 */
#ifndef LIB_EXP_RECORDING_MONITOR_H
#define LIB_EXP_RECORDING_MONITOR_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define MONITOR_SERIES "system"

struct monitor;

/**
 * Begins to look, in a thread of its own, at the program `pid` and all that it
 * starts, and to add rows to the series in the experiment's directory `dir`.
 * id: of the run, which the program has in its environment as RESUTIL_ID.
 * seconds: between two rows; the first comes after a second at most.
 * Errors: ERR_FAILED (no /proc, no thread); those of metrics_open().
 */
int monitor_start(struct monitor **out, const char *dir, const char *id,
		  pid_t pid, double seconds, struct strbuf *err);

/**
 * The last row, while the program, which has ended, can still be looked at
 * (nobody has waited for it). Rows that could not be kept are told in `lost`,
 * as a sentence; else it stays as it is. Frees; NULL is fine.
 */
void monitor_stop(struct monitor **m, struct strbuf *lost);

#endif
