/*
 * What check-project and check-store share: options, and how a finding is
 * printed.
 */
#ifndef PLUMBING_CHECK_OPTIONS_H
#define PLUMBING_CHECK_OPTIONS_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strvec.h"
#include "lib/exp/check/finding.h"

struct check_command {
	int read_data, repair, prune, dry_run, jobs, nul, json;
	const char *age;
	struct strvec keep;
	struct check_options options;	/* of all these */
	bool open;		/* an error or a warning that is not mended */
};

/* As in gc: what is younger may be of somebody who has only just begun. */
#define CHECK_COMMAND_INIT { .age = "1h", .keep = STRVEC_INIT }

/* Rows of a table of options. what: leftovers of which kind. */
#define OPTS_CHECK_CHANGE(c, what)					\
	OPT_BOOL(0, "repair", &(c)->repair,				\
		 "mend what can be mended without guessing"),		\
	OPT_BOOL(0, "prune", &(c)->prune, "remove what " what " left"),	\
	OPT_STRING(0, "older-than", &(c)->age, "AGE",			\
		   "of that only what is older; 1h unless given"),	\
	OPT_LIST(0, "keep", &(c)->keep, "KIND",				\
		 "of that nothing of this kind; may be repeated"),	\
	OPT_BOOL('n', "dry-run", &(c)->dry_run,				\
		 "say what --repair and --prune would do")

#define OPTS_CHECK_OUTPUT(c)						\
	OPT_BOOL('z', NULL, &(c)->nul,					\
		 "end records with NUL, quote nothing"),		\
	OPT_BOOL(0, "json", &(c)->json, "one JSON object a finding")

/** Makes `options` of what was parsed, or ends with the usage. */
void check_options_read(struct check_command *c, const char *const *usage,
			const struct option *options);

/** Prints one, and notes whether it is open. */
void check_print(struct check_command *c, const struct finding *f);

#endif
