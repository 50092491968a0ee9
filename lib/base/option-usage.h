/*
 * What an option table looks like to a person (-h) and to a shell's
 * completion. For parse-options.c; commands call usage_with_options().
 */
#ifndef LIB_BASE_OPTION_USAGE_H
#define LIB_BASE_OPTION_USAGE_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"

/** True for an option that has, or may have, an argument. */
bool option_takes_arg(const struct option *opt);

/** True when --no-NAME (or --NAME for "no-NAME") means something. */
bool option_is_negatable(const struct option *opt);

/** "usage: resutil ...", then a line for each option, at most 80 columns. */
void option_usage(struct strbuf *out, const char *const *usage,
		  const struct option *options);

/** The lines that parse-options.h describes. */
void option_completion_table(struct strbuf *out, const char *const *usage,
			     const struct option *options);

#endif
