/*
 * The rules of Documentation/technical/durability.adoc, as far as they are
 * about a project here: conf, results_dir, records, .resutil, caches. Reads
 * only, without CHECK_REPAIR and CHECK_PRUNE; nothing of the project is run.
 */
#ifndef LIB_EXP_CHECK_CHECK_H
#define LIB_EXP_CHECK_CHECK_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/check/finding.h"
#include "lib/exp/conf/project.h"

/**
 * Looks at all of it; findings come in byte order of `where`, from one thread.
 * Errors: ERR_FAILED: results_dir or .resutil cannot be read. What was found
 * is no error.
 */
int check_project(const struct project *p,
		  const struct check_options *options, finding_fn fn,
		  void *data, struct strbuf *err);

#endif
