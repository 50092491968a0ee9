#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/process.h"
#include "lib/base/roff.h"
#include "lib/base/run-command.h"
#include "lib/base/similar.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/conf/settings.h"

#include <dirent.h>

#define PAGE_MAX_BYTES (8u << 20)

static const char *const help_usage[] = {
	"help [-a] [-g] [COMMAND]",
	NULL
};

/* Porcelain by use; what is in no group comes last, under "other". */
static const struct help_group {
	const char *title;
	const char *names;	/* by blanks, with one at each end */
} groups[] = {
	{ N_("start a project"), " init clone config remote " },
	{ N_("record experiments"), " run add rerun hook checkpoint inform"
				    " meter attach tid bench import " },
	{ N_("look at them"), " list status show log " },
	{ N_("compare them"), " report metrics diff plot query graph gui " },
	{ N_("manage them"), " rm comment tag fsck gc " },
	{ N_("share them"), " push pull bucket " },
	{ N_("run them elsewhere"), " target jobs logs wait kill collect sweep"
				    " kube campaign " },
	{ N_("find out more"), " help version " },
};

static bool is_in_group(const struct help_group *group, const char *name)
{
	struct strbuf word = STRBUF_INIT;
	bool found;

	strbuf_addf(&word, " %s ", name);
	found = strstr(group->names, word.buf) != NULL;
	strbuf_release(&word);
	return found;
}

static bool is_in_any_group(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (is_in_group(&groups[i], name))
			return true;
	return false;
}

/* `group` NULL: what is in none. */
static void print_group(const struct help_group *group)
{
	const struct command *c;
	bool first = true;

	for (c = commands; c->name; c++) {
		if (c->room != BUILTIN ||
		    (group ? !is_in_group(group, c->name)
			   : is_in_any_group(c->name)))
			continue;
		if (first)
			out_printf("\n%s\n", !group ? _("other") :
				   translation_of(group->title));
		first = false;
		out_printf("   %-14s %s\n", c->name,
				   translation_of(c->summary));
	}
}

static void print_common(void)
{
	size_t i;

	puts("usage: resutil [-C DIR] [-c KEY=VALUE] [-q|-v] "
	     "[--no-interactive]\n"
	     "               [--version] [-h] COMMAND [ARG...]\n");
	out_printf("%s\n", _("resutil records what a program did and keeps "
			      "what it produced."));
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		print_group(&groups[i]);
	print_group(NULL);
	out_printf("%s\n", _("\n'resutil help COMMAND' shows the page of a "
			      "command, 'resutil help everyday' all\nof them "
			      "in short, 'resutil help tutorial' the first "
			      "half hour; 'resutil help -g'\nlists the guides, "
			      "'resutil help -a' everything there is."));
}

/* Where manual pages may be: the build tree, beside this program, the prefix
 * that it was built for. */
static void list_man_dirs(struct strvec *out)
{
	const char *program = resutil_program();
	const char *slash = strrchr(program, '/');

	if (slash) {
		int len = slash - program;

		strvec_pushf(out, "%.*s/man", len, program);
		strvec_pushf(out, "%.*s/../share/man", len, program);
	}
	strvec_push(out, RESUTIL_PREFIX "/share/man");
}

#define PACKED ".gz"

static bool find_page(struct strbuf *out, const char *name)
{
	static const char *const forms[] = {
		"man1/resutil-%s.1", "man7/resutil-%s.7",
		"man5/resutil-%s.5", "man5/resutilformat-%s.5",
		"man1/%s.1", "man5/%s.5", "man7/%s.7"
	};
	struct strvec dirs = STRVEC_INIT;
	bool found = false;
	size_t d, f;

	if (strchr(name, '/'))
		return false;
	list_man_dirs(&dirs);
	for (d = 0; d < dirs.nr && !found; d++)
		for (f = 0; f < ARRAY_SIZE(forms) && !found; f++) {
			if (forms[f][5] == '%' && strncmp(name, "resutil", 7))
				continue;
			strbuf_reset(out);
			strbuf_addf(out, "%s/", dirs.v[d]);
			strbuf_addf(out, forms[f], name);
			found = !access(out->buf, R_OK);
			if (found)
				break;
			/* as distributions pack them */
			strbuf_addstr(out, PACKED);
			found = !access(out->buf, R_OK);
		}
	strvec_release(&dirs);
	return found;
}

/* The length of "resutil-x" in "resutil-x.7" and "resutil-x.7.gz"; else 0. */
static size_t page_name_len(const char *file)
{
	const char *dot = strrchr(file, '.');

	if (!dot || strncmp(file, "resutil", 7))
		return 0;
	if (!strcmp(dot, PACKED))
		do
			dot--;
		while (dot > file && *dot != '.');
	return dot - file;
}

/* The pages of a section, "man7" (guides) or "man5" (formats), in the first
 * directory that has any. */
static void list_pages(struct strvec *out, const char *section)
{
	const size_t before = out->nr;
	struct strvec dirs = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT;
	size_t d;

	list_man_dirs(&dirs);
	for (d = 0; d < dirs.nr && out->nr == before; d++) {
		struct dirent *entry;
		DIR *stream;

		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dirs.v[d], section);
		stream = opendir(path.buf);
		while (stream && (entry = readdir(stream))) {
			size_t len = page_name_len(entry->d_name);

			if (len)
				strvec_pushn(out, entry->d_name, len);
		}
		if (stream)
			closedir(stream);
	}
	strvec_release(&dirs);
	strbuf_release(&path);
}

static void print_room(enum command_room room, const char *before,
		       const char *title)
{
	const struct command *c;

	out_printf("%s%s\n", before, title);
	for (c = commands; c->name; c++)
		if (c->room == room)
			out_printf("   %-15s %s\n", c->name,
				   translation_of(c->summary));
}

/* By gzip(1): zlib is not what this program is linked with. */
static int unpack_page(struct strbuf *page, const char *path,
		       struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int status;

	strvec_pushl(&child.args, "gzip", "-dc", path, NULL);
	status = pipe_command(&child, NULL, 0, page, NULL, PAGE_MAX_BYTES, err);
	if (status > 0)
		return fail(err, ERR_CONTENT, "gzip cannot read '%s'", path);
	return status;
}

static int read_page(struct strbuf *page, const char *path, struct strbuf *err)
{
	size_t len = strlen(path), tail = strlen(PACKED);

	if (len > tail && !strcmp(path + len - tail, PACKED))
		return unpack_page(page, path, err);
	return read_file(page, path, PAGE_MAX_BYTES, err);
}

/* What stands behind the dash below NAME; nothing when it cannot be read. */
static void read_summary(struct strbuf *out, const char *name)
{
	struct strbuf path = STRBUF_INIT, page = STRBUF_INIT;
	struct strbuf text = STRBUF_INIT, ignored = STRBUF_INIT;
	const char *start, *end = NULL, *dash = NULL;

	if (!find_page(&path, name) || read_page(&page, path.buf, &ignored))
		goto cleanup;
	start = strstr(page.buf, "\n.SH \"NAME\"\n");
	if (start)
		end = strstr(start + 1, "\n.SH");
	if (!end)
		goto cleanup;
	roff_to_text(&text, start, end - start, SIZE_MAX / 2);
	dash = strstr(text.buf, " - ");
	if (dash)
		strbuf_add(out, dash + 3, strcspn(dash + 3, "\n"));

cleanup:
	strbuf_release(&path);
	strbuf_release(&page);
	strbuf_release(&text);
	strbuf_release(&ignored);
}

static const char *short_name(const char *page)
{
	return page + (strncmp(page, "resutil-", 8) ? 0 : 8);
}

static void print_pages(const char *section, const char *before,
			const char *title)
{
	struct strvec pages = STRVEC_INIT;
	struct strbuf summary = STRBUF_INIT;
	size_t i, width = 0;

	list_pages(&pages, section);
	strvec_sort(&pages, true);
	for (i = 0; i < pages.nr; i++)
		width = MAXIMUM(width, strlen(short_name(pages.v[i])));
	if (pages.nr)
		out_printf("%s%s\n", before, title);
	for (i = 0; i < pages.nr; i++) {
		strbuf_reset(&summary);
		read_summary(&summary, pages.v[i]);
		out_printf("   %-*s%s%s\n", summary.len ? (int)width : 0,
			   short_name(pages.v[i]), summary.len ? "  " : "",
			   summary.buf);
	}
	strvec_release(&pages);
	strbuf_release(&summary);
}

static void print_guides(const char *before)
{
	print_pages("man7", before, _("guides ('resutil help NAME')"));
	print_pages("man5", "\n", _("formats, likewise"));
}

static void print_all(void)
{
	struct strvec external = STRVEC_INIT;
	size_t i;

	process_list_programs(&external, "resutil-");
	for (i = external.nr; i-- > 0; )
		if (find_command(external.v[i]))
			strvec_remove(&external, i);

	print_room(BUILTIN, "", _("porcelain, for people"));
	print_room(PLUMBING, "\n", _("plumbing, for scripts"));
	if (external.nr)
		out_printf("\n%s\n",
			   _("programs in PATH that are commands too"));
	for (i = 0; i < external.nr; i++)
		out_printf("   %s\n", external.v[i]);
	print_guides("\n");
	strvec_release(&external);
}

/* Without man(1) the page is set here, in plain text. */
static int print_page(const char *path)
{
	struct strbuf page = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;

	ret = read_page(&page, path, &err);
	if (!ret) {
		pager_start(settings_get_str("core.pager", NULL));
		roff_to_text(&text, page.buf, page.len,
			     MINIMUM(term_width(), 80));
		out_text(text.buf, text.len);
	} else {
		error("%s", err.buf);
	}
	strbuf_release(&page);
	strbuf_release(&text);
	strbuf_release(&err);
	return exit_status_of(ret);
}

static int show_page(const char *path)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf man = STRBUF_INIT;
	const char *pager = getenv("RESUTIL_PAGER");
	int status;

	if (path_find_program(&man, "man", NULL)) {
		strbuf_release(&man);
		return print_page(path);
	}
	strbuf_release(&man);
	if (pager)
		strvec_pushf(&child.env, "MANPAGER=%s",
			     *pager ? pager : "cat");
	strvec_pushl(&child.args, "man", path, NULL);
	status = run_command(&child);
	return status ? print_page(path) : 0;
}

static int show_usage(const char *name)
{
	struct child_process child = CHILD_PROCESS_INIT;

	warning("the manual pages are not installed, this is the usage of "
		"'%s' only", name);
	child.resutil_cmd = 1;
	strvec_pushl(&child.args, name, "-h", NULL);
	return run_command(&child);
}

static bool show_alias(const char *name)
{
	struct strbuf key = STRBUF_INIT;
	const char *text;

	strbuf_addf(&key, "alias.%s", name);
	text = settings_get_str(key.buf, NULL);
	if (text)
		out_printf(_("'%s' is an alias of '%s'\n"), name, text);
	strbuf_release(&key);
	return text != NULL;
}

static int no_such_page(const char *name)
{
	struct strvec names = STRVEC_INIT, near = STRVEC_INIT;
	struct strvec pages = STRVEC_INIT;
	const struct command *c;
	size_t i;

	for (c = commands; c->name; c++)
		strvec_push(&names, c->name);
	list_pages(&pages, "man7");
	list_pages(&pages, "man5");
	for (i = 0; i < pages.nr; i++)
		strvec_push(&names, short_name(pages.v[i]));
	similar_find(&near, name, names.v);
	if (near.nr)
		error("no page on '%s'; did you mean '%s'?", name, near.v[0]);
	else
		error("no page on '%s'; see 'resutil help -a'", name);
	strvec_release(&names);
	strvec_release(&near);
	strvec_release(&pages);
	return EXIT_NOT_FOUND;
}

int cmd_help(int argc, const char **argv)
{
	int all = 0, guides = 0, status;
	const struct option options[] = {
		OPT_BOOL('a', "all", &all, "list all commands, guides and "
			 "formats"),
		OPT_BOOL('g', "guides", &guides, "list guides and formats"),
		OPT_END_OF_TABLE
	};
	struct strbuf path = STRBUF_INIT;

	argc = parse_options(argc, argv, options, help_usage, 0);
	if (argc > 1 || (argc && (all || guides)))
		usage_with_options(help_usage, options,
				   "unexpected argument '%s'",
				   argv[argc - 1]);
	if (!argc) {
		if (all)
			print_all();
		else if (guides)
			print_guides("");
		else
			print_common();
		return 0;
	}

	if (find_page(&path, argv[0]))
		status = show_page(path.buf);
	else if (find_command(argv[0]))
		status = show_usage(argv[0]);
	else if (show_alias(argv[0]))
		status = 0;
	else
		status = no_such_page(argv[0]);
	strbuf_release(&path);
	return status;
}
