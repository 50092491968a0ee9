#include "lib/base/compat.h"
#include "builtin/store-kind.h"

#include "lib/base/ssh-conf.h"

static int check_host(const struct init_plan *plan UNUSED,
		      struct strbuf *answer, struct strbuf *err)
{
	return ssh_check_host(answer->buf, err);
}

static int check_path(const struct init_plan *plan UNUSED,
		      struct strbuf *answer, struct strbuf *err)
{
	return ssh_check_path(answer->buf, err);
}

/* A misspelt user would be the one that ssh takes by itself. */
static int fit(struct value *settings, struct strbuf *err)
{
	int ret = store_kind_only(settings, "ssh", ssh_conf_keys, err);

	return ret ? ret : ssh_conf_fit(settings, err);
}

/* Who logs in, and by which port, belongs into ~/.ssh/config, which a project's
 * conf need not repeat: these are taken from -o alone. */
static const struct store_setting settings[] = {
	{ .key = "host", .question = "Input host, as ssh knows it",
	  .shown = "Host", .check = check_host },
	{ .key = "path", .question = "Input directory on the host",
	  .shown = "Directory", .check = check_path },
	{ .key = NULL }
};

const struct store_kind store_kind_ssh = {
	.type = "ssh", .title = "ssh", .settings = settings, .fit = fit,
	.page = "resutil-ssh"
};
