/*
 * remote add, remote set-url: which store a name means, in the conf. No store
 * is asked anything.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-verbs.h"
#include "builtin/store-kind.h"
#include "builtin/store-settings.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/conf/store-url.h"

/* A conf may leave some to the environment, but nobody adds that. */
static int check_needed(const struct remote_conf *r, struct strbuf *err)
{
	const struct store_setting *s = store_kind_find(r->type)->settings;

	for (; s->key; s++)
		if (!s->optional && !value_map_get(r->config, s->key))
			return fail(err, ERR_USAGE, "'%s' is missing; give it "
				    "with -o %s=NAME", s->key, s->key);
	return 0;
}

static int read_store(struct remote_conf *r, const struct remote_options *o,
		      const char *url, struct strbuf *err)
{
	struct value *more = value_new_map();
	size_t i;
	int ret;

	if (url) {
		ret = store_url_parse(url, &r->type, &r->config, NULL, err);
	} else {
		r->type = xstrdup(strcmp(o->type, "gs") ? o->type : "gcs");
		r->config = value_new_map();
		ret = conf_check_storage_type(r->type, err);
	}
	if (!ret)
		ret = store_settings_read(more, &o->config, err);
	if (!ret)
		ret = store_settings_fit(more, r->type, err);
	for (i = 0; !ret && i < more->u.map.nr; i++) {
		const struct value_pair *pair = &more->u.map.pair[i];

		if (value_map_get(r->config, pair->key))
			BAD_USAGE(o, "-o %s: the URL says that already",
				  pair->key);
		value_map_set(r->config, pair->key, value_copy(pair->value));
	}
	value_free(more);
	if (!ret)
		ret = conf_check_storage_config(r->type, r->config, err);
	if (!ret)
		ret = check_needed(r, err);
	return ret;
}

/* Why there cannot be another remote of that name, before anything is made
 * for it. */
static int check_new_name(const char *name, struct strbuf *err)
{
	struct remote_conf old = { NULL, NULL, NULL };
	int ret = remote_check_name(name, err);

	if (!ret && !strcmp(name, REMOTE_ORIGIN))
		ret = fail(err, ERR_CONFLICT, "each project has its '%s' "
			   "already; choose another name, or change it with "
			   "'resutil remote set-url %s URL'", name, name);
	else if (!ret && !remotes_find(&old, the_project, name, NULL))
		ret = fail(err, ERR_CONFLICT, "there is a remote '%s' already; "
			   "choose another name, or change it with 'resutil "
			   "remote set-url %s URL'", name, name);
	remote_conf_release(&old);
	return ret;
}

/* Makes the directory of a dir store, when it is missing, and says so. */
static int make_store(const struct remote_conf *r, bool dry_run,
		      struct strvec *made, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	if (!store_kind_find(r->type)->is_dir)
		return 0;
	path_absolute(&path, the_project->root,
		      value_get_text(r->config, "path"));
	ret = store_dir_check(path.buf, the_project->root,
			      the_project->results_path, err);
	if (!ret && !dry_run)
		ret = store_dir_make(path.buf, made, err);
	strbuf_release(&path);
	return ret;
}

static void say_done(const struct remote_conf *r, const char *done,
		     bool is_new)
{
	struct strbuf url = STRBUF_INIT, safe = STRBUF_INIT;

	store_url_format(r->type, r->config, &url);
	quote_terminal(&safe, url.buf, url.len);
	if (verbosity >= 0)
		out_printf("%s %s, %s%s\n", done, r->name, safe.buf,
			   is_new ? _(" (new)") : "");
	strbuf_release(&safe);
	strbuf_release(&url);
}

/* Which file the conf is: it is replaced when it changes. */
static ino_t conf_inode(void)
{
	struct stat st;

	return stat(the_project->conf_path, &st) ? 0 : st.st_ino;
}

static void check_words(const struct remote_options *o, int argc)
{
	if (argc != (o->type ? 1 : 2))
		BAD_USAGE(o, o->type ? "one NAME is needed, and no URL" :
			  "a NAME and a URL are needed");
}

/* The store of `r`, and then the conf that names it by `change`. */
static int name_store(struct remote_conf *r, const struct remote_options *o,
		      int (*change)(const struct project *p,
				   const struct remote_conf *r,
				   struct strbuf *err),
		      bool *is_new, struct strbuf *err)
{
	const struct store_kind *kind = store_kind_find(r->type);
	struct strvec made = STRVEC_INIT;
	ino_t before = conf_inode();
	int ret = 0;

	store_kind_rebase(kind, r->config, the_project->root);
	if (kind->agree && !o->dry_run)
		ret = kind->agree(the_project->root, r->config, err);
	if (!ret)
		ret = make_store(r, o->dry_run, &made, err);
	if (!ret && !o->dry_run)
		ret = change(the_project, r, err);
	*is_new = made.nr > 0;
	/* A conf that could only not be synced names the store. */
	if (ret && conf_inode() == before)
		store_dir_unmake(&made);
	strvec_release(&made);
	return ret;
}

int remote_add(const struct remote_options *o, int argc, const char **argv)
{
	struct remote_conf r = { NULL, NULL, NULL };
	struct strbuf err = STRBUF_INIT;
	bool is_new = false;
	int ret;

	check_words(o, argc);
	ret = check_new_name(argv[0], &err);
	if (!ret)
		ret = read_store(&r, o, argv[1], &err);
	if (!ret) {
		r.name = xstrdup(argv[0]);
		ret = name_store(&r, o, remotes_add, &is_new, &err);
	}
	if (!ret)
		say_done(&r, o->dry_run ? _("Would add") : _("Added"), is_new);
	else
		error("%s", err.buf);
	remote_conf_release(&r);
	strbuf_release(&err);
	return exit_status_of(ret);
}

/* What it meant before, for who wants to go back. */
static void say_before(const struct remote_conf *old)
{
	struct strbuf url = STRBUF_INIT, safe = STRBUF_INIT;

	store_url_format(old->type, old->config, &url);
	quote_terminal(&safe, url.buf, url.len);
	if (verbosity >= 0)
		out_printf(_("It was %s\n"), safe.buf);
	strbuf_release(&safe);
	strbuf_release(&url);
}

int remote_set_url(const struct remote_options *o, int argc, const char **argv)
{
	struct remote_conf r = { NULL, NULL, NULL };
	struct remote_conf old = { NULL, NULL, NULL };
	struct strbuf err = STRBUF_INIT;
	bool is_new = false;
	int ret;

	check_words(o, argc);
	ret = remotes_find(&old, the_project, argv[0], &err);
	if (!ret)
		ret = read_store(&r, o, argv[1], &err);
	if (!ret) {
		r.name = xstrdup(argv[0]);
		ret = name_store(&r, o, remotes_set, &is_new, &err);
	}
	if (!ret) {
		say_done(&r, o->dry_run ? _("Would change") : _("Changed"),
			 is_new);
		say_before(&old);
	} else {
		error("%s", err.buf);
	}
	remote_conf_release(&old);
	remote_conf_release(&r);
	strbuf_release(&err);
	return exit_status_of(ret);
}
