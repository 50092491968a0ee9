/*
 * What `config` does about trust.
 */
#ifndef BUILTIN_CONFIG_TRUST_H
#define BUILTIN_CONFIG_TRUST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct config_trust {
	int add, take, show;	/* one of them */
	int json;
};

/** dir: of a project; NULL: here. ERR_NO: it may not be run. */
int config_trust(const struct config_trust *asked, const char *dir,
		 struct strbuf *err);

#endif
