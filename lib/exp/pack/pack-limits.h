/*
 * How much a pack may hold: the settings unpack.max-size and
 * unpack.max-entries, and the options of the same names.
 */
#ifndef LIB_EXP_PACK_PACK_LIMITS_H
#define LIB_EXP_PACK_PACK_LIMITS_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

/* No option was given. */
#define PACK_LIMITS_INIT { UINT64_MAX, UINT64_MAX }

/** --max-size and --max-entries for a command's option table; `l` is a struct
 *  pack_limits. */
#define OPT_PACK_LIMITS(l) \
	{ .type = OPTION_SIZE, .name = "max-size", .value = &(l)->max_size, \
	  .argh = "SIZE", \
	  .help = "refuse more content than this; 0: no limit" }, \
	{ .type = OPTION_SIZE, .name = "max-entries", \
	  .value = &(l)->max_entries, .argh = "N", \
	  .help = "refuse more entries than this; 0: no limit" }

/** Puts the settings, or what is built in, where no option was given.
 *  ERR_CONTENT for a setting that is no size. */
int pack_limits_fill(struct pack_limits *limits, struct strbuf *err);

/**
 * Opens the pack at `path` ("-": the standard input, spooled in `spool_dir` as
 * pack_source_open() says, as much as a pack within the limits can have), with
 * the limits as pack_limits_fill() makes them. Errors: those
 * of both, and of pack_open().
 */
int pack_open_path(struct pack **out, const char *path, const char *spool_dir,
		   struct pack_limits *limits, struct strbuf *err);

#endif
