/*
 * --porcelain[=VERSION]: lines for programs, as git has them. What a version
 * prints is on the page of its command, and stays.
 */
#ifndef BUILTIN_PORCELAIN_H
#define BUILTIN_PORCELAIN_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"

/** `v`: int, the version; 0: none is asked for. */
#define OPT_PORCELAIN(v)						\
	{ .type = OPTION_CALLBACK, .name = "porcelain", .value = (v),	\
	  .argh = "VERSION", .flags = OPT_OPTIONAL_ARG,			\
	  .arg = ARG_WORDS, .words = "v1",				\
	  .callback = porcelain_option,					\
	  .help = N_("lines for programs; the form of v1 stays") }

int porcelain_option(const struct option *opt, const char *arg, bool unset,
		     struct strbuf *err);

#endif
