#include "lib/base/compat.h"
#include "command.h"
#include "builtin/trust-host.h"

#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-file.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/settings.h"
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

static int remember(const char *host, struct strbuf *err)
{
	struct conf_file file = CONF_FILE_INIT;
	struct value *map = NULL, *list;
	int ret = conf_file_open(&file, NULL, err);

	if (!ret)
		ret = yaml_parse(&map, file.text.buf, file.text.len,
				 file.path.buf, err);
	if (!ret) {
		list = longer_list(map, host);
		ret = conf_file_edit(&file, KEY, list, err);
		value_free(list);
	}
	if (!ret)
		ret = conf_file_write(&file, err);
	value_free(map);
	conf_file_close(&file);
	return ret;
}

static int ask(const char *host, const char *what, struct strbuf *err)
{
	struct strbuf question = STRBUF_INIT;
	bool yes;

	strbuf_addf(&question, _("%s %s, which is not Google's. Trust it?"),
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
