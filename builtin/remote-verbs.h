/*
 * The verbs of `remote`, and what they are told.
 *
 *	remote.c	list, rm, login, logout; which option is for which verb
 *	remote-store.c	add, set-url
 *	remote-test.c	test
 *	remote-copy.c	copy
 */
#ifndef BUILTIN_REMOTE_VERBS_H
#define BUILTIN_REMOTE_VERBS_H

#include "lib/base/compat.h"
#include "builtin/remote-login.h"
#include "builtin/transfer.h"
#include "lib/base/parse-options.h"
#include "lib/base/strvec.h"
#include "lib/exp/sheet/rows.h"

struct remote_options {
	const char *type;
	struct strvec config;		/* -o */
	int verbose, dry_run;
	int quick;
	int all, yes, dependency;
	struct transfer copy;
	struct remote_login login;
	struct rows rows;
	const struct option *options;
};

extern const char *const remote_usage[];

#define BAD_USAGE(o, ...)						\
	usage_with_options(remote_usage, (o)->options, __VA_ARGS__)

/* Each returns the exit status. argv: the words behind the verb. */
int remote_add(const struct remote_options *o, int argc, const char **argv);
int remote_set_url(const struct remote_options *o, int argc,
		   const char **argv);
int remote_test(struct remote_options *o, int argc, const char **argv);
int remote_copy(struct remote_options *o, int argc, const char **argv);

/** One listing of the store, and how many experiments it holds. */
int remote_test_quick(const char *name);

#endif
