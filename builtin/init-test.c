#include "lib/base/compat.h"
#include "builtin/init-test.h"

#include "builtin/key-file.h"
#include "builtin/store-kind.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/ssh-conf.h"
#include "lib/base/term.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/store-url.h"
#include "lib/exp/conf/store-url-query.h"
#include "lib/exp/store/trust.h"

/* A few lines; see resutil-test-store(1). */
#define TAP_MAX (64u << 10)

#define KEY_FILE "key_file_path"
#define SSH_CONFIG "ssh_config"

/* A directory that is not there yet has nothing that could be asked. */
static bool is_to_be_made(const struct init_plan *plan)
{
	struct strbuf path = STRBUF_INIT;
	bool ret;

	if (!plan->kind->is_dir)
		return false;
	path_absolute(&path, plan->root.buf,
		      value_get_text(plan->merged, "path"));
	ret = !path_exists(path.buf);
	strbuf_release(&path);
	return ret;
}

/* They are for one machine, so a URL that is shown does not have them. */
static void add_file(struct strbuf *url, const char *key,
		     const struct strbuf *path)
{
	strbuf_addf(url, "%c%s=", strchr(url->buf, '?') ? '&' : '?', key);
	store_url_encode(url, path->buf, "&");
}

/* The store by its URL: there is no conf yet. */
static void write_url(const struct init_plan *plan, struct strbuf *url)
{
	const char *key = value_get_text(plan->merged, KEY_FILE);
	const char *ssh_config = value_get_text(plan->merged, SSH_CONFIG);
	struct value *config = value_copy(plan->merged);
	struct strbuf path = STRBUF_INIT;

	if (plan->kind->is_dir) {
		path_absolute(&path, plan->root.buf,
			      value_get_text(config, "path"));
		value_map_set_str(config, "path", path.buf);
		strbuf_reset(&path);
	}
	store_url_format(plan->kind->type, config, url);
	if (key && *key) {
		key_file_path(&path, plan->root.buf, key);
		add_file(url, KEY_FILE, &path);
	}
	if (ssh_config && *ssh_config) {
		ssh_config_path(&path, plan->root.buf, ssh_config);
		add_file(url, SSH_CONFIG, &path);
	}
	strbuf_release(&path);
	value_free(config);
}

/*
 * Where the child works: in the project to be, for what its `.env` says, and
 * its conf about HTTP, if it has one already. A conf that cannot be read, as
 * one with a storage_type that is given up, would stop the child.
 */
static const char *choose_dir(const struct init_plan *plan)
{
	struct project p = PROJECT_INIT;
	int ret;

	if (!path_is_dir(plan->root.buf))
		return NULL;
	ret = project_open(&p, plan->root.buf, NULL);
	project_release(&p);
	return !ret || ret == ERR_NOT_FOUND ? plan->root.buf : "/";
}

/* "# packs: 12" */
static void add_count(struct strbuf *out, const struct strbuf *tap)
{
	static const char mark[] = "\n# packs: ";
	const char *p = strstr(tap->buf, mark);

	if (p)
		strbuf_add(out, p + strlen(mark),
			   strspn(p + strlen(mark), "0123456789"));
}

static void add_account(const struct init_plan *plan, struct strbuf *out)
{
	const char *name = value_get_text(plan->merged, KEY_FILE);
	struct key_file key = KEY_FILE_INIT;
	struct strbuf path = STRBUF_INIT;

	key_file_path(&path, plan->root.buf, name);
	if (!key_file_read(&key, path.buf, name, NULL) && key.account)
		strbuf_addf(out, " (%s)", key.account);
	key_file_release(&key);
	strbuf_release(&path);
}

static void add_settings(const struct init_plan *plan, bool key_files,
			 struct strbuf *out)
{
	const struct store_setting *s = plan->kind->settings;

	for (; s->key; s++) {
		const struct value *v = value_map_get(plan->merged, s->key);

		if (!v || !s->shown || s->is_key_file != key_files)
			continue;
		strbuf_addf(out, "  %s: ", s->shown);
		value_format(out, v);
		if (key_files)
			add_account(plan, out);
		strbuf_addch(out, '\n');
	}
}

static void report(const struct init_plan *plan, const struct strbuf *tap)
{
	struct strbuf text = STRBUF_INIT;

	if (!plan->kind->title || verbosity < 0)
		return;
	strbuf_addf(&text, _("Connected to %s\n"), plan->kind->title);
	add_settings(plan, false, &text);
	strbuf_addf(&text, _("  Project dir: %s\n"), plan->name.buf);
	add_settings(plan, true, &text);
	strbuf_addstr(&text, _("  Experiments: "));
	add_count(&text, tap);
	out_printf("%s\n", text.buf);
	out_flush();
	strbuf_release(&text);
}

/* The answers, as options: nobody types them twice. */
static void add_command(const struct init_plan *plan, const char *dir,
			struct strbuf *out)
{
	struct strvec words = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	strvec_pushl(&words, "resutil", "init", "--offline", NULL);
	if (plan->has_conf)
		strvec_push(&words, "--force");
	strvec_pushf(&words, "--project-name=%s", plan->name.buf);
	strvec_pushf(&words, "--results-dir=%s", plan->results_dir.buf);
	strvec_pushf(&words, "--storage-type=%s", plan->type.buf);
	for (i = 0; i < plan->merged->u.map.nr; i++) {
		const struct value_pair *pair = &plan->merged->u.map.pair[i];

		strbuf_reset(&text);
		value_format(&text, pair->value);
		strvec_push(&words, "-o");
		strvec_pushf(&words, "%s=%s", pair->key, text.buf);
	}
	if (!plan->gitignore)
		strvec_push(&words, "--no-gitignore");
	if (!plan->gitignore_key && value_map_get(plan->merged, KEY_FILE))
		strvec_push(&words, "--no-gitignore-key");
	if (dir)
		strvec_pushl(&words, "--", dir, NULL);
	quote_shell_argv(out, words.v);
	strvec_release(&words);
	strbuf_release(&text);
}

static void tell_how_to_go_on(const struct init_plan *plan, const char *dir,
			      const struct strbuf *tap)
{
	struct strbuf text = STRBUF_INIT, command = STRBUF_INIT;

	if (strstr(tap->buf, "\nok 1 "))
		strbuf_addstr(&text, _("the store can be listed, and "
				       "nothing else; "));
	strbuf_addstr(&text, _("the conf is not saved"));
	if (plan->kind->page)
		strbuf_addf(&text, _("; 'man %s' tells what to set up"),
			    plan->kind->page);
	add_command(plan, dir, &command);
	error("%s; this saves it without a look at the store:\n  %s",
	      text.buf, command.buf);
	strbuf_release(&text);
	strbuf_release(&command);
}

/*
 * What the old conf says is not what was typed: it may have come from anywhere,
 * and the child would take it for the user's own.
 */
static int check_trust(const struct init_plan *plan, struct strbuf *err)
{
	struct project p = PROJECT_INIT;
	int ret;

	if (!value_get_text(plan->before, SSH_CONFIG) ||
	    value_map_get(plan->given, SSH_CONFIG))
		return 0;
	ret = project_open(&p, plan->root.buf, err);
	if (!ret)
		ret = trust_check_store(&p, NULL, plan->kind->type,
					plan->merged, err);
	project_release(&p);
	return ret;
}

int init_test(const struct init_plan *plan, const char *dir,
	      struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf tap = STRBUF_INIT, url = STRBUF_INIT;
	int ret;

	if (plan->offline || is_to_be_made(plan))
		return 0;
	ret = check_trust(plan, err);
	if (ret)
		return ret;
	if (plan->kind->title && term_is_interactive() && verbosity >= 0)
		fprintf(stderr, _("Connecting to %s...\n"),
			plan->kind->title);
	write_url(plan, &url);
	child.resutil_cmd = 1;
	child.dir = choose_dir(plan);
	strvec_pushl(&child.args, "test-store", NULL);
	strvec_pushf(&child.args, "--access=%s", plan->name.buf);
	strvec_pushl(&child.args, "--", url.buf, NULL);
	ret = pipe_command(&child, NULL, 0, &tap, NULL, TAP_MAX, err);
	if (!ret)
		report(plan, &tap);
	else if (ret > 0)
		tell_how_to_go_on(plan, dir, &tap);
	strbuf_release(&tap);
	strbuf_release(&url);
	return ret;
}
