/*
 * What `init` makes, when all is answered; taken back when a part fails.
 */
#ifndef BUILTIN_INIT_MAKE_H
#define BUILTIN_INIT_MAKE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

struct store_kind;

struct init_plan {
	struct strbuf root;		/* absolute */
	struct strbuf name, results_dir, type;
	struct strbuf own_store;	/* a directory to be made for this
					 * project alone; "": none */
	const struct store_kind *kind;	/* of `type` */
	struct value *given;		/* of -o, a map */
	const struct value *before;	/* storage_config of the old conf, where
					 * it is of the same type; lent */
	struct value *config;		/* what is set in storage_config; null
					 * takes a key out */
	struct value *merged;		/* storage_config as it will be */
	struct strbuf conf;		/* the old resutil-conf.yaml */
	bool has_conf;			/* is there one? */
	bool gitignore, gitignore_key;
	bool offline;			/* the store is not to be asked */
	bool made_store;	/* set by init_make() */
};

#define INIT_PLAN_INIT { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, \
			 STRBUF_INIT, NULL, NULL, NULL, NULL, NULL, \
			 STRBUF_INIT, \
			 false, false, false, false, false }

void init_plan_release(struct init_plan *plan);

/** Chooses a directory below $XDG_DATA_HOME/resutil/stores that is not there
 *  yet, named by the project, for plan->own_store. */
int init_choose_store(struct init_plan *plan, struct strbuf *err);

/** The text of the conf to be. ERR_CONTENT: the old one cannot be edited. */
int init_conf_text(const struct init_plan *plan, struct strbuf *out,
		   struct strbuf *err);

/** Whether the .gitignore of results_dir says already what it is to say. */
bool init_results_ignored(const struct init_plan *plan);

/** The key file as .gitignore names it; false when it lies elsewhere. */
bool init_key_pattern(const struct init_plan *plan, struct strbuf *out);

/**
 * Makes the store, results_dir, the .gitignore files, .resutil, and last of
 * all the conf. On failure everything made is taken back.
 */
int init_make(struct init_plan *plan, struct strbuf *err);

#endif
