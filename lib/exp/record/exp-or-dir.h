/*
 * An argument EXP|DIR: an experiment of this project, or any directory.
 */
#ifndef LIB_EXP_RECORD_EXP_OR_DIR_H
#define LIB_EXP_RECORD_EXP_OR_DIR_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"

/**
 * A word with a slash, "." or ".." that leads to a directory is that
 * directory, or the experiment here whose own directory it is. Any other
 * word is an EXP of `p` (NULL: there is no project), else a directory.
 *
 * name: gets the experiment's name, or "" for a directory that is none.
 * path: gets the directory, absolute for an experiment, else as given.
 * Errors: ERR_NOT_FOUND; ERR_USAGE when it is an ambiguous EXP; then both
 *         are as they were.
 */
int exp_or_dir(const struct project *p, const char *arg, struct strbuf *name,
	       struct strbuf *path, struct strbuf *err);

#endif
