/*
 * config --trust: whether what a project's conf names may be run here.
 */
#include "lib/base/compat.h"
#include "builtin/config-trust.h"

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/trust.h"
#include "lib/wrap/json.h"

static void say_line(const char *format, const char *text)
{
	struct strbuf safe = STRBUF_INIT;

	quote_terminal(&safe, text, strlen(text));
	out_printf(format, safe.buf);
	strbuf_release(&safe);
}

static void say_commands(const struct project *p)
{
	struct strvec list = STRVEC_INIT;
	size_t i;

	trust_list(p, &list);
	for (i = 0; i < list.nr; i++)
		say_line("  %s\n", list.v[i]);
	strvec_release(&list);
}

static int add_trust(const struct project *p, struct strbuf *err)
{
	enum trust trust = trust_of(p);
	/* what `init` said of it reaches further, and stays */
	int ret = trust == TRUST_YES ? 0 : trust_add(p, err);

	if (ret || verbosity < 0)
		return ret;
	if (trust == TRUST_NOTHING) {
		say_line(_("Trusted %s, whose conf names nothing to run\n"),
			 p->root);
		return 0;
	}
	say_line(_("Trusted %s as it is now; resutil may run there:\n"),
		 p->root);
	say_commands(p);
	return 0;
}

static int remove_trust(const char *root, struct strbuf *err)
{
	bool was = false;
	int ret = trust_remove(root, &was, err);

	if (!ret && verbosity >= 0)
		say_line(was ? _("No longer trusted: %s\n") :
			       _("%s was not trusted\n"), root);
	return ret;
}

static void print_json(const struct project *p, enum trust trust)
{
	struct value *map = value_new_map(), *list = value_new_list();
	struct strvec runs = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	value_map_set(map, "path", value_new_text(p->root, strlen(p->root)));
	value_map_set_str(map, "trusted", trust_word(trust));
	trust_list(p, &runs);
	for (i = 0; i < runs.nr; i++)
		value_list_add(list, value_new_text(runs.v[i],
						    strlen(runs.v[i])));
	value_map_set(map, "runs", list);
	json_write(&text, map);
	out_printf("%s\n", text.buf);
	value_free(map);
	strvec_release(&runs);
	strbuf_release(&text);
}

static int show_trust(const struct project *p, bool json)
{
	static const char *const words[] = {
		[TRUST_NOTHING] = "%s: its conf names nothing to run\n",
		[TRUST_YES] = "%s: trusted\n",
		[TRUST_NO] = "%s: not trusted\n",
		[TRUST_CHANGED] = "%s: not trusted since it was changed\n",
	};
	enum trust trust = trust_of(p);

	if (json) {
		print_json(p, trust);
	} else if (verbosity >= 0) {
		say_line(words[trust], p->root);
		say_commands(p);
	}
	return trust == TRUST_YES || trust == TRUST_NOTHING ? 0 : ERR_NO;
}

/* What is taken back may be of a directory that is no project any more. */
static int untrust(const char *dir, struct strbuf *err)
{
	struct project p = PROJECT_INIT;
	struct strbuf root = STRBUF_INIT;
	int ret;

	/* what is above a directory that is gone is not meant */
	if (path_is_dir(dir ? dir : ".") && !project_open(&p, dir, NULL))
		strbuf_addstr(&root, p.root);
	else
		path_real(&root, dir ? dir : ".");
	ret = remove_trust(root.buf, err);
	project_release(&p);
	strbuf_release(&root);
	return ret;
}

int config_trust(const struct config_trust *asked, const char *dir,
		 struct strbuf *err)
{
	struct project p = PROJECT_INIT;
	int ret;

	if (asked->take)
		return untrust(dir, err);
	if (dir && !path_is_dir(dir))
		ret = fail(err, ERR_NOT_FOUND, "no directory '%s'", dir);
	else
		ret = project_open(&p, dir, err);
	if (!ret)
		ret = asked->add ? add_trust(&p, err) :
				   show_trust(&p, asked->json);
	project_release(&p);
	return ret;
}
