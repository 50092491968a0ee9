/*
 * Options that the commands about experiments in a store share.
 */
#ifndef PLUMBING_STORE_OPTIONS_H
#define PLUMBING_STORE_OPTIONS_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"

#define OPT_REMOTE(v)							\
	OPT_STRING(0, "remote", v, "REMOTE",				\
		   "the store: a remote's name, or a URL")

/* For porcelain whose user waits; begins as TRANSPORT_PATIENCE_DEFAULT. */
#define OPT_PATIENCE(v)							\
	{ .type = OPTION_INT, .name = "patience", .value = (v),		\
	  .argh = "SECONDS", .flags = OPT_HIDDEN | OPT_NATURAL,		\
	  .help = "how long a failing store is tried again" }

/* To be given to http_conf_limit_rate(). */
#define OPT_LIMIT_RATE(v)						\
	OPT_STRING(0, "limit-rate", v, "RATE",				\
		   "bytes a second at most, as in 10MiB")

#define OPT_NAMES_STDIN(v)						\
	OPT_BOOL(0, "stdin", v, "read names from standard input, one a line")

#endif
