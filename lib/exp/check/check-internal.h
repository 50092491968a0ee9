/*
 * What the files behind check.h share. Only for these.
 */
#ifndef LIB_EXP_CHECK_CHECK_INTERNAL_H
#define LIB_EXP_CHECK_CHECK_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/check/check.h"
#include "lib/exp/check/finding-list.h"
#include "lib/exp/record/leftovers.h"
#include "lib/exp/conf/project.h"

/* What is remembered of each experiment. */
struct check_exp {
	const char *name;	/* lent */
	char id[37];		/* "": none that is one */
	bool goes_on;		/* by its state */
};

struct check {
	const struct project *p;
	const struct check_options *options;
	struct finding_list found;
	struct strvec names;	/* of the experiments here, sorted */
	struct check_exp *exp;	/* one each */
	int failed;		/* things that could not be removed or mended */
};

/** Adds a finding. where: absolute, shown from the root. name: or NULL. */
void check_found(struct check *c, const struct finding *f, const char *path,
		 const char *fmt, ...) PRINTF_LIKE(4, 5);

/** The state that a leftover gets: removed by `take` (0 or -1 and errno)
 *  when it is to be, and old enough. Tells of it. */
void check_leftover(struct check *c, const char *id, const char *path,
		    const char *name, const struct leftover *l,
		    int (*take)(struct check *c, const char *path),
		    const char *what);

/** Entries of a directory; missing: none. The caller sorts. */
void check_entries(const char *path, struct strvec *out);
/** The same of a directory in .resutil, which may have come with a clone: none
 *  when it is a link, since what it leads to is not ours to clean. */
void check_own_entries(const char *path, struct strvec *out);

/* The parts, in this order, after the hidden directories. */
int check_records(struct check *c, struct strbuf *err);
void check_private(struct check *c);

#endif
