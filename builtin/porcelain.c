#include "lib/base/compat.h"
#include "builtin/porcelain.h"

#include "lib/base/error.h"

int porcelain_option(const struct option *opt, const char *arg, bool unset,
		     struct strbuf *err)
{
	int *version = opt->value;

	*version = !unset;
	if (arg && strcmp(arg, "v1"))
		return fail(err, ERR_USAGE, "there is no form '%s' of "
			    "--porcelain; there is v1", arg);
	return 0;
}
