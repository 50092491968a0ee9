/*
 * Providers that are programs: all started at once, each with its time.
 */
#ifndef LIB_EXP_RECORDING_META_COMMANDS_H
#define LIB_EXP_RECORDING_META_COMMANDS_H

#include "lib/base/compat.h"
#include "lib/base/value.h"
#include "lib/exp/recording/meta-plan.h"

/** Bytes of one program's output that are kept; more is an error. */
#define META_MAX_OUTPUT 65536

/**
 * Runs the commands in `dir` (NULL: here) and sets what each said below
 * `meta`, or `{error: ...}`, or null when it said nothing. One that takes too
 * long or says too much is killed with all that it has started; a daemon that
 * another one leaves is not waited for. When `stop_fd` (-1: none) can be read
 * or is at its end, all of them are.
 *
 * Takes SIGCHLD for itself, and adopts orphans: for a process that does little
 * else (kill-tree.h).
 */
void meta_commands_run(const struct meta_plan *plan, const char *dir,
		       int stop_fd, struct value *meta);

/** What the output of a program becomes: a map or a list, if it is JSON of one
 *  that is neither deep nor large; else text without the ends of its last
 *  lines. NULL: nothing was said. */
struct value *meta_output_value(const char *text, size_t len);

/** {error: text} */
struct value *meta_error(const char *text);

#endif
