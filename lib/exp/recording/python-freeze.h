/*
 * The packages and the whole version of an interpreter, remembered in the
 * project's cache for as long as the program, its directories of packages, and
 * what .pth files name keep their stat signatures. What changed so shortly
 * before it was read that it could change again unseen is not remembered.
 */
#ifndef LIB_EXP_RECORDING_PYTHON_FREEZE_H
#define LIB_EXP_RECORDING_PYTHON_FREEZE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/recording/python-find.h"

/** By the cache alone: completes py->version, where it is not known, and gives
 *  the list of lines. False: it does not know. */
bool python_freeze_cached(const struct project *p, struct python *py,
			  struct value **packages);

/**
 * The same by looking, and remembers it. Takes milliseconds for some hundred
 * packages, much longer on a slow file system; end_msec as in python-site.h.
 * p NULL: nothing is remembered. Errors: those of python_site_list().
 */
int python_freeze(const struct project *p, struct python *py, int64_t end_msec,
		  struct value **packages, struct strbuf *err);

#endif
