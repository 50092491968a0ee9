#include "lib/base/compat.h"
#include "command.h"
#include "builtin/trust-host.h"

#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/path.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/term.h"
#include "lib/base/value.h"
#include "lib/exp/conf-edit.h"
#include "lib/exp/http-conf.h"
#include "lib/exp/project.h"
#include "lib/exp/settings.h"
#include "lib/wrap/yaml.h"

#define KEY "google.trusted-hosts"
#define HOST_MAX 300

/* "https://HOST:PORT/PATH": adds "host:port". */
static bool take_host(struct strbuf *host, const char *url)
{
	size_t len;

	if (!strncmp(url, "https://", 8))
		url += 8;
	else if (!strncmp(url, "http://", 7))
		url += 7;
	else
		return false;
	len = strcspn(url, "/?#");
	if (!len || len > HOST_MAX)
		return false;
	for (; len--; url++)
		strbuf_addch(host, tolower((unsigned char)*url));
	return true;
}

/* The list as the user's file has it, with one more. */
static struct value *longer_list(const struct value *map, const char *host)
{
	const struct value *old = value_get(map, KEY);
	struct value *list = value_new_list();
	size_t i;

	if (old && old->type == VALUE_LIST)
		for (i = 0; i < old->u.list.nr; i++)
			value_list_add(list, value_copy(old->u.list.item[i]));
	else if (value_text(old))
		value_list_add(list, value_copy(old));
	value_list_add(list, value_new_str(host));
	return list;
}

/* The user's own file may lie behind a link. */
static void follow_link(struct strbuf *path, mode_t *mode)
{
	char *real = realpath(path->buf, NULL);
	struct stat st;

	if (!real)
		return;
	strbuf_reset(path);
	strbuf_addstr(path, real);
	free(real);
	if (!stat(path->buf, &st))
		*mode = st.st_mode & 0777;
}

/* Comments and all else in the file stay. */
static int edit(struct strbuf *text, const char *path, const char *host,
		struct strbuf *err)
{
	struct value *map = NULL, *list;
	int ret;

	if (!text->len)
		strbuf_addstr(text, "{}\n");
	ret = yaml_parse(&map, text->buf, text->len, path, err);
	if (ret)
		return ret;
	list = longer_list(map, host);
	if (map->type == VALUE_MAP && !map->u.map.nr) {
		value_set(map, KEY, value_copy(list));
		strbuf_reset(text);
		yaml_write(text, map);
	} else {
		ret = conf_edit(text, KEY, list, err);
	}
	value_free(list);
	value_free(map);
	return ret;
}

static int remember(const char *host, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	mode_t mode = 0666;
	int ret = path_xdg(&path, "XDG_CONFIG_HOME", ".config", err);

	if (!ret && sys_mkdir_all(path.buf, 0777))
		ret = fail_errno(err, "cannot make the directory '%s'",
				 path.buf);
	strbuf_addstr(&path, "/config.yaml");
	follow_link(&path, &mode);
	if (!ret && path_exists(path.buf))
		ret = read_file(&text, path.buf, CONF_MAX_BYTES, err);
	if (!ret)
		ret = edit(&text, path.buf, host, err);
	if (!ret)
		ret = write_file_atomic(path.buf, text.buf, text.len, mode,
					TEMPFILE_SYNC, err);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

static int ask(const char *host, const char *what, struct strbuf *err)
{
	struct strbuf question = STRBUF_INIT;
	bool yes;

	strbuf_addf(&question, "%s %s, which is not Google's. Trust it?",
		    what, host);
	question.buf[0] = (char)toupper((unsigned char)question.buf[0]);
	yes = term_is_interactive() && ask_yes_no(question.buf, false);
	strbuf_release(&question);
	if (yes)
		return remember(host, err);
	return fail(err, ERR_USAGE, "%s '%s', which is not Google's; if you "
		    "trust it with what lets you in, say 'resutil -c "
		    KEY "=%s ...', or list it in your configuration",
		    what, host, host);
}

int trust_host(const char *url, const char *what, struct strbuf *err)
{
	struct strvec list = STRVEC_INIT;
	struct strbuf host = STRBUF_INIT;
	int ret;

	if (!take_host(&host, url) || google_host_is_own(host.buf)) {
		strbuf_release(&host);
		return 0;
	}
	ret = settings_load(the_project, err);
	if (!ret)
		ret = http_conf_google_hosts(&list, err);
	if (!ret && google_check_trusted(&list, url, what, NULL))
		ret = ask(host.buf, what, err);
	strvec_release(&list);
	strbuf_release(&host);
	return ret;
}
