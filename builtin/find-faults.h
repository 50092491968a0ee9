/*
 * What fsck and gc share: the two commands that look, and what they found.
 */
#ifndef BUILTIN_FIND_FAULTS_H
#define BUILTIN_FIND_FAULTS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/check/finding-list.h"

/**
 * Runs `args` (check-project or check-store with options), and adds what it
 * found to `list`. It tells of failures itself. Returns its exit status.
 */
int find_faults(struct finding_list *list, const struct strvec *args);

/** The status of both: the first that is more than 1, else 1 if one is. */
int faults_status(int here, int there);

/** One JSON object and LF. remote: where it was found; NULL: here. */
void faults_print_json(const struct finding *f, const char *remote);

/** `where` for a person: that of a store behind its remote's name. */
void faults_add_where(struct strbuf *out, const struct finding *f,
		      const char *remote);

#endif
