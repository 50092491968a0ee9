/*
 * This process itself: how it begins, how it becomes another program, and
 * that what it printed arrived.
 */
#ifndef LIB_BASE_PROCESS_H
#define LIB_BASE_PROCESS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/**
 * Call first. Descriptors 0, 1 and 2 that are closed are opened on /dev/null,
 * so that no file of ours gets their numbers (1 for reading only: what is
 * printed there is an error, not lost); SIGPIPE gets its default action; at
 * exit, stdout that could not be written ends the program with 128 and one
 * line (with EPIPE: by SIGPIPE).
 */
void process_begin(void);

/** The same now, for who would lose the output's failure behind a child or a
 *  message: exits with 128 after the line, which is not said again. */
void process_end_stdout(void);

/**
 * Becomes the program at `path`. Returns only on failure: EXIT_CANNOT_RUN
 * (126) or EXIT_NO_PROGRAM (127), with a sentence in err.
 */
int process_become(const char *path, const char *const *argv,
		   struct strbuf *err);

/**
 * Goes on as another process, which is no child of the one that started us;
 * that one sees a child that exits with 0. Before there are threads and open
 * files of ours. ERR_FAILED: we are still who we were.
 */
int process_leave_parent(struct strbuf *err);

/**
 * From now on no core dump of this process is written, and no other one of the
 * same user looks into it (ptrace, most of /proc): it holds keys. Programs that
 * it starts are as ever.
 */
void process_hide(void);

/** Adds what follows `prefix` in the names of the programs in PATH that begin
 *  with it: sorted, each once. */
void process_list_programs(struct strvec *out, const char *prefix);

#endif
