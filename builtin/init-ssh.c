#include "lib/base/compat.h"
#include "builtin/store-kind.h"

#include "lib/base/error.h"

/* The conf is read by many: no user:password@host. */
static int fit(struct value *settings, struct strbuf *err)
{
	const char *host = value_get_text(settings, "host");
	const char *user = value_get_text(settings, "user");
	const char *at = host ? strrchr(host, '@') : NULL;

	if ((user && strchr(user, ':')) ||
	    (at && memchr(host, ':', (size_t)(at - host))))
		return fail(err, ERR_USAGE, "a password cannot stand in the "
			    "conf of a project; let ssh use a key");
	return 0;
}

static const struct store_setting settings[] = {
	{ .key = "host", .question = "Input host" },
	{ .key = "path", .question = "Input directory on the host" },
	{ .key = NULL }
};

const struct store_kind store_kind_ssh = {
	.type = "ssh", .title = "ssh", .untested = true,
	.settings = settings, .fit = fit
};
