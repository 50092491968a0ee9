/*
 * URLs of stores from anywhere: what is taken can be written and read again,
 * holds nothing that ssh or a path would take for something else, and no
 * password gets into a message.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/s3-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/store-url.h"
#include "t/fuzz/fuzz.h"

static void check_config(const char *type, const struct value *config)
{
	const char *host = value_get_text(config, "host");
	const char *user = value_get_text(config, "user");
	size_t i;

	MUST(!conf_check_storage_config(type, config, NULL));
	MUST(strcmp(type, "s3") || !s3_conf_check(config, NULL));
	MUST(!host || (*host && *host != '-' && !strpbrk(host, "@/ ")));
	MUST(!user || (*user && *user != '-' && !strpbrk(user, ":@/ ")));
	for (i = 0; i < config->u.map.nr; i++) {
		const char *text = value_text(config->u.map.pair[i].value);
		const char *p;

		for (p = text ? text : ""; *p; p++)
			MUST((unsigned char)*p >= ' ' && *p != 0x7f);
	}
}

/* Written as people read it, it means the same store, but for the files that
 * are a matter of the machine. */
static void check_again(const char *type, const struct value *config)
{
	struct strbuf url = STRBUF_INIT;
	char *type2 = NULL;
	struct value *told = value_copy(config), *config2 = NULL;

	value_map_remove(told, "key_file_path");
	value_map_remove(told, "ssh_config");
	store_url_format(type, config, &url);
	MUST(store_url_looks(url.buf));
	/* "~" and %XX may have made it longer than a URL can be. */
	if (!store_url_parse(url.buf, &type2, &config2, NULL, NULL))
		MUST(!strcmp(type, type2) && value_equal(told, config2));
	else
		MUST(url.len > 4096);
	strbuf_release(&url);
	free(type2);
	value_free(told);
	value_free(config2);
}

static void check_url(const char *text, bool want_project)
{
	struct strbuf err = STRBUF_INIT;
	char *type = NULL, *project = NULL;
	struct value *config = NULL;
	int ret = store_url_parse(text, &type, &config,
				  want_project ? &project : NULL, &err);

	if (!ret) {
		MUST(!err.len && store_url_looks(text));
		check_config(type, config);
		check_again(type, config);
		MUST(!want_project || !conf_check_project_name(project, NULL));
	} else {
		MUST(ret == ERR_USAGE && err.len && !type && !config &&
		     !project);
	}
	free(type);
	free(project);
	value_free(config);
	strbuf_release(&err);
}

/* SCHEME://u:PASSWORD@host with whatever behind it. */
static void check_password(const char *scheme, const char *text)
{
	struct strbuf url = STRBUF_INIT, err = STRBUF_INIT;
	char *type = NULL;
	struct value *config = NULL;

	strbuf_addf(&url, "%s://u:hunter2@%s", scheme, text);
	MUST(store_url_parse(url.buf, &type, &config, NULL, &err) ==
	     ERR_USAGE);
	MUST(!strstr(err.buf, "hunter2"));
	strbuf_release(&url);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);

	if (!getenv("HOME") || strcmp(getenv("HOME"), "/home/me"))
		setenv("HOME", "/home/me", 1);
	check_url(text, false);
	check_url(text, true);
	if (!strstr(text, "hunter2")) {
		check_password("ssh", text);
		check_password("s3", text);
	}
	free(text);
	return 0;
}
