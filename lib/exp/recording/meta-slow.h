/*
 * Everything that takes its time: commands, and the packages of an interpreter
 * that is not known yet. For the process that does it beside a run, and for
 * collect-meta.
 */
#ifndef LIB_EXP_RECORDING_META_SLOW_H
#define LIB_EXP_RECORDING_META_SLOW_H

#include "lib/base/compat.h"
#include "lib/base/value.h"
#include "lib/exp/recording/meta-plan.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/recording/python-find.h"

/**
 * Sets in `meta` what the commands of the plan said (meta-commands.h), and,
 * with py, `packages` (where the plan has them) and `python` with its whole
 * version. Ends early when stop_fd (-1: none) can be read or is at its end. A
 * directory that never answers is left behind in a thread of its own.
 */
void meta_ask_slow(const struct meta_plan *plan, const struct project *p,
		   const struct python *py, int stop_fd, struct value *meta);

#endif
