#include "lib/base/compat.h"
#include "lib/exp/store/http-conf.h"

#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/store-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/settings.h"

#define STALL_MAX 3600

/* Given on the command line, before the first store is opened. */
static bool rate_given;
static uint64_t given_rate;

int http_conf_limit_rate(const char *text, struct strbuf *err)
{
	rate_given = text != NULL;
	if (text && !size_parse(&given_rate, text))
		return fail(err, ERR_USAGE, "'%s' is no rate: give bytes a "
			    "second, as in 10MiB, or 0 for no limit", text);
	return 0;
}

static int get_stall(unsigned *stall, struct strbuf *err)
{
	const char *text = settings_get_str("http.stall-timeout", NULL);
	unsigned long seconds;
	char *end;

	if (!text)
		return 0;
	seconds = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || !seconds ||
	    seconds > STALL_MAX)
		return fail(err, ERR_CONTENT, "'http.stall-timeout' must be a "
			    "number of seconds from 1 to %d, not '%s'",
			    STALL_MAX, text);
	*stall = (unsigned)seconds;
	return 0;
}

/*
 * Where a relative path begins: a conf says what is in its project, the user's
 * file what is beside it, and -c what is here.
 */
static int find_base(struct strbuf *base, const struct project *project,
		     const char *key, struct strbuf *err)
{
	if (settings_get_of(SETTINGS_PARAMETERS, key))
		return path_cwd(base, err);
	if (project && settings_get_of(SETTINGS_PROJECT, key)) {
		strbuf_addstr(base, project->root);
		return 0;
	}
	return path_xdg(base, "XDG_CONFIG_HOME", ".config", err);
}

static int get_ca_file(const char **out, const struct project *project,
		       struct strbuf *path, struct strbuf *err)
{
	static const char key[] = "http.ca-file";
	const char *text = settings_get_str(key, NULL);
	const char *home = getenv("HOME");
	struct strbuf base = STRBUF_INIT;
	int ret = 0;

	if (!text || !*text)
		return 0;
	if (!strncmp(text, "~/", 2) && home && *home == '/')
		path_absolute(path, home, text + 2);
	else if (*text == '/')
		path_absolute(path, NULL, text);
	else if ((ret = find_base(&base, project, key, err)) == 0)
		path_absolute(path, base.buf, text);
	strbuf_release(&base);
	*out = ret ? NULL : path->buf;
	return ret;
}

int http_conf_fill(struct http_options *o, const struct project *project,
		   struct strbuf *ca_file, struct strbuf *err)
{
	int ret = get_stall(&o->stall, err);

	if (!ret)
		ret = get_ca_file(&o->ca_file, project, ca_file, err);
	if (!ret && rate_given)
		o->rate = given_rate;
	else if (!ret)
		ret = settings_get_size("transfer.limit-rate", 0, &o->rate,
					err);
	return ret;
}

#define HOST_SEPARATORS ", \t"

/* One text: a host, or several. */
static int add_hosts(struct strvec *out, const char *text, struct strbuf *err)
{
	struct strbuf host = STRBUF_INIT;
	size_t len, i;
	int ret = 0;

	for (; !ret && *text; text += len) {
		text += strspn(text, HOST_SEPARATORS);
		len = strcspn(text, HOST_SEPARATORS);
		if (!len)
			break;
		strbuf_reset(&host);
		for (i = 0; i < len; i++)
			strbuf_addch(&host, tolower((unsigned char)text[i]));
		if (store_conf_is_authority(host.buf, host.len))
			strvec_push(out, host.buf);
		else
			ret = fail(err, ERR_CONTENT, "'google.trusted-hosts' "
				   "has '%.100s', which is neither HOST nor "
				   "HOST:PORT", host.buf);
	}
	strbuf_release(&host);
	return ret;
}

int http_conf_google_hosts(struct strvec *out, struct strbuf *err)
{
	static const enum settings_layer own[] = { SETTINGS_USER,
						   SETTINGS_PARAMETERS };
	static const char key[] = "google.trusted-hosts";
	size_t i, j;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(own); i++) {
		const struct value *v = settings_get_of(own[i], key);
		const char *text = value_text(v);

		if (text)
			ret = add_hosts(out, text, err);
		for (j = 0; !ret && v && v->type == VALUE_LIST &&
			    j < v->u.list.nr; j++) {
			text = value_text(v->u.list.item[j]);
			if (text)
				ret = add_hosts(out, text, err);
		}
	}
	return ret;
}
