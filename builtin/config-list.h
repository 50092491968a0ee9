/*
 * What `config list` and `config get` print.
 */
#ifndef BUILTIN_CONFIG_LIST_H
#define BUILTIN_CONFIG_LIST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/sheet/rows.h"

struct config_look {
	const struct project *project;	/* NULL: in none */
	int user, only_project;		/* only what that file says */
	int show_origin;
	struct rows rows;
};

/** Settings were loaded before. */
int config_list(struct config_look *look, struct strbuf *err);
/** ERR_NO: it is not set. */
int config_get(struct config_look *look, const char *key, struct strbuf *err);

#endif
