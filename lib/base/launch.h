/*
 * One program that is started again and again: all that is the same each time
 * is prepared once, so that a start costs little more than posix_spawn(3).
 * Threads may start the same launch at once.
 */
#ifndef LIB_BASE_LAUNCH_H
#define LIB_BASE_LAUNCH_H

#include "lib/base/compat.h"
#include "lib/base/run-command.h"

struct launch;

/**
 * program: its path. child: args and env are what each one gets, and
 * new_session says whether it has its own; nothing else of it is used, and it
 * is copied.
 * input: a file that each reads from its beginning; NULL: /dev/null.
 */
struct launch *launch_new(const char *program,
			  const struct child_process *child,
			  const char *input);
void launch_free(struct launch *l);

/** Starts one; out and err become its 1 and 2, and stay open here. They are
 *  above 2. Returns 0, or an errno. */
int launch_start(const struct launch *l, int out, int err, pid_t *pid);

#endif
