#include "lib/base/compat.h"
#include "lib/exp/git/code-reach.h"
#include "t/unit/unit.h"

/* A code state: paths and texts in pairs, by path. */
static const char *const *files;
static struct strvec paths = STRVEC_INIT;

static void set_files(const char *const *list)
{
	files = list;
	strvec_clear(&paths);
	for (; *list; list += 2)
		strvec_push(&paths, *list);
	strvec_sort(&paths, true);
}

static struct code_reach *walk(const char *const *words, const char *cwd)
{
	struct code_reach *r = code_reach_new(&paths);
	struct strvec next = STRVEC_INIT;
	size_t i, j;

	code_reach_look_for(r, "USED");
	code_reach_look_for(r, "NOT");
	code_reach_command(r, words, cwd);
	do {
		strvec_clear(&next);
		code_reach_next(r, &next);
		for (i = 0; i < next.nr; i++)
			for (j = 0; files[j]; j += 2)
				if (!strcmp(files[j], next.v[i]))
					code_reach_text(r, files[j],
							files[j + 1],
							strlen(files[j + 1]));
	} while (next.nr);
	strvec_release(&next);
	return r;
}

static void why_is(const struct code_reach *r, const char *path,
		   const char *want)
{
	check_str(code_reach_why(r, path), want, path);
}

static void test_python(void)
{
	static const char *const list[] = {
		"lib/deep/__init__.py", "", "lib/deep/er.py", "",
		"lib/one.py", "from ..up import x\nimport deep.er as e, numpy",
		"main.py", "  import lib.one\nfrom lib import two as t\n"
			   "import scipy.stats, os.path\n# from none import x\n"
			   "from words import (\n a,\n b)\nfromage = 1\n"
			   "from pandas import DataFrame\nimportant = 2\n",
		"lib/two.py", "from . import one, three\nfrom .deep import er",
		"lib/three.py", "from .", "lib/unused.py", "",
		"up.py", "", "words/__init__.py", "", "words/a.py", "",
		"words/c.py", "", NULL
	};
	const char *words[] = { "python3", "main.py", NULL };
	struct code_reach *r;

	set_files(list);
	r = walk(words, "");
	why_is(r, "main.py", "named by the command");
	why_is(r, "lib/one.py", "imported by main.py");
	why_is(r, "lib/two.py", "imported by main.py");
	why_is(r, "lib/three.py", "imported by lib/two.py");
	why_is(r, "lib/deep/er.py", "imported by lib/two.py");
	why_is(r, "lib/deep/__init__.py", "imported by lib/two.py");
	why_is(r, "up.py", "imported by lib/one.py");
	why_is(r, "words/__init__.py", "imported by main.py");
	why_is(r, "words/a.py", "imported by main.py");
	why_is(r, "words/c.py", NULL);
	why_is(r, "lib/unused.py", NULL);
	check_str(code_reach_module(r, "numpy"), "lib/one.py", "outside");
	check_str(code_reach_module(r, "scipy"), "main.py", "its package");
	check_str(code_reach_module(r, "pandas"), "main.py", "by from");
	check_str(code_reach_module(r, "none"), NULL, "a comment imports not");
	check_str(code_reach_module(r, "words"), NULL, "one that is here");
	code_reach_free(r);
}

static void test_words(void)
{
	static const char *const list[] = {
		"a.sh", ". ./lib.sh\n. sub/../b.sh; sh c/d.sh.\n$USED",
		"b.sh", "../../etc/passwd /a.sh", "c/d.sh", "e.h",
		"c/e.h", "#include \"../main.h\"", "lib.sh", "",
		"main.h", "UNUSED NOT_USED", "other.sh", "",
		"web/app.js", "require('./util'); import x from \"./view\"",
		"web/util.js", "", "web/view.tsx", "", "Makefile", "a.sh:",
		NULL
	};
	const char *words[] = { "sh", "-c", "cd . && sh a.sh", NULL };
	const char *web[] = { "node", "app.js", NULL };
	const char *make[] = { "/usr/bin/make", "all", NULL };
	const char *config[] = { "x", "--file=c/e.h", "../web/util.js", NULL };
	struct code_reach *r;

	set_files(list);
	r = walk(words, "");
	why_is(r, "a.sh", "named by the command");
	why_is(r, "lib.sh", "named in a.sh");
	why_is(r, "b.sh", "named in a.sh");
	why_is(r, "c/d.sh", "named in a.sh");
	why_is(r, "c/e.h", "named in c/d.sh");
	why_is(r, "main.h", "named in c/e.h");
	why_is(r, "other.sh", NULL);
	check_str(code_reach_word(r, "USED"), "a.sh", "a word that is used");
	check_str(code_reach_word(r, "NOT"), NULL, "and one that is not");
	code_reach_free(r);
	r = walk(web, "web/");
	why_is(r, "web/app.js", "named by the command");
	why_is(r, "web/util.js", "named in web/app.js");
	why_is(r, "web/view.tsx", "named in web/app.js");
	why_is(r, "a.sh", NULL);
	code_reach_free(r);
	r = walk(make, "");
	why_is(r, "Makefile", "read by make");
	why_is(r, "a.sh", "named in Makefile");
	code_reach_free(r);
	r = walk(config, "");
	why_is(r, "c/e.h", "named by the command");
	why_is(r, "web/util.js", NULL);
	check(code_reach_is_known(r), "something runs");
	code_reach_free(r);
}

static void test_nothing(void)
{
	static const char *const list[] = { "a.py", "import b", NULL };
	const char *words[] = { "true", "", "--", "-m", NULL };
	const char *none[] = { NULL };
	struct code_reach *r;

	set_files(list);
	r = walk(words, "");
	check(!code_reach_is_known(r), "a program that is not ours");
	code_reach_free(r);
	r = walk(none, "");
	check(!code_reach_is_known(r), "no command");
	code_reach_function(r, "a.main", "");
	why_is(r, "a.py", "named by the command");
	code_reach_free(r);
	code_reach_free(NULL);
}

int main(void)
{
	test_python();
	test_words();
	test_nothing();
	strvec_release(&paths);
	return unit_done();
}
