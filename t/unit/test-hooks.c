#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-command.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/git/hook-queue.h"
#include "lib/exp/git/hook-script.h"
#include "lib/exp/git/hook-table.h"
#include "lib/wrap/json.h"
#include "t/unit/unit.h"

/* ---- the table ---------------------------------------------------------- */

/* How many hooks the entry gives; -1: no table. */
static int hooks_in(const char *entry)
{
	struct hook_table t = HOOK_TABLE_INIT;
	struct strbuf text = STRBUF_INIT;
	int ret;

	strbuf_addf(&text, "{\"version\":1,\"hooks\":[%s]}", entry);
	ret = hook_table_parse(&t, text.buf, text.len, "table", NULL) ?
	      -1 : (int)t.nr;
	check(ret < 0 || t.nr + t.strange <= 2, "each entry counts once");
	hook_table_release(&t);
	strbuf_release(&text);
	return ret;
}

static void test_table(void)
{
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\",\"argv\":[\"x\"]}")
	      == 1, "what is missing has a default");
	check(hooks_in("{\"on\":\"update\",\"name\":\"a\",\"argv\":[\"x\"]}")
	      == 0, "an event of a server is strange");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a b\","
		       "\"argv\":[\"x\"]}") == 0, "so is such a name");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\",\"argv\":[]}")
	      == 0, "and no command");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\","
		       "\"argv\":[\"\"]}") == 0, "and an empty one");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\","
		       "\"argv\":[\"x\",1]}") == 0, "and a number in it");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\","
		       "\"argv\":[\"x\\u0000y\"]}") == 0, "and a NUL");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\",\"argv\":"
		       "[\"x\"],\"async\":\"yes\"}") == 0, "and a text for "
	      "yes or no");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\",\"argv\":[\"x\"]},"
		       "{\"on\":\"pre-push\",\"name\":\"a\",\"argv\":[\"y\"]}")
	      == 1, "a name stands once on an event");
	check(hooks_in("{\"on\":\"pre-push\",\"name\":\"a\",\"argv\":[\"x\"]},"
		       "{\"on\":\"pre-rebase\",\"name\":\"a\","
		       "\"argv\":[\"y\"]}") == 2, "and on another");
}

static void test_project_paths(void)
{
	static const struct { const char *path; int nr; } tests[] = {
		{ ".", 1 }, { "a", 1 }, { "a/b", 1 }, { "..", 0 },
		{ "a/..", 0 }, { "a/../b", 0 }, { "/a", 0 }, { "a/", 0 },
		{ "", 0 }, { "./a", 0 }, { "a//b", 0 }, { "../top/a", 0 },
	};
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		strbuf_reset(&text);
		strbuf_addf(&text, "{\"on\":\"pre-push\",\"name\":\"a\","
			    "\"argv\":[\"x\"],\"project\":\"%s\"}",
			    tests[i].path);
		check(hooks_in(text.buf) == tests[i].nr, tests[i].path);
	}
	strbuf_release(&text);
}

static void test_add(void)
{
	struct hook_table t = HOOK_TABLE_INIT;
	struct hook h = { .on = hook_event_find("post-commit"),
			  .project = (char *)"." };
	struct strbuf name = STRBUF_INIT;
	int i, ret = 0;

	strvec_init(&h.options);
	strvec_init(&h.argv);
	strvec_push(&h.argv, "\xff");
	for (i = 0; i < HOOK_MAX_EACH && !ret; i++) {
		strbuf_reset(&name);
		strbuf_addf(&name, "n%d", i);
		h.name = name.buf;
		ret = hook_table_add(&t, &h, NULL);
	}
	check(!ret && t.nr == HOOK_MAX_EACH, "as many as may be");
	check_str(t.item[3].argv.v[0], "\xff", "any bytes");
	check(!hook_table_add(&t, &h, NULL) && t.nr == HOOK_MAX_EACH,
	      "one of them anew");
	h.name = (char *)"more";
	check(hook_table_add(&t, &h, NULL) == ERR_CONFLICT, "one more");
	hook_table_remove(&t, 0);
	check_str(t.item[0].name, "n1", "the rest stays in order");
	hook_table_release(&t);
	strvec_release(&h.argv);
	strbuf_release(&name);
}

/* ---- the script --------------------------------------------------------- */

static void test_script(void)
{
	struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct strvec in = STRVEC_INIT, out = STRVEC_INIT;
	const struct hook_event *e = hook_event_find("pre-push");

	strvec_push(&in, "/home/ann/p/.git");
	strvec_push(&in, "/odd\n'\"$x`y`\\/.git");
	hook_script_text(&text, e, &in);
	check(hook_script_parse(text.buf, text.len, &out), "ours is ours");
	check(out.nr == 2, "of two repositories");
	check_str(out.v[1], in.v[1], "whatever they are called");
	hook_script_text(&again, e, &out);
	check_str(again.buf, text.buf, "and says the same again");
	strvec_clear(&out);
	check(!hook_script_parse("#!/bin/sh\necho\n", 15, &out),
	      "another one is not");
	check(!hook_script_parse("", 0, &out), "nor is none");
	check(!hook_script_parse("#!/bin/sh\n# resutil-hook 2\n", 27, &out),
	      "nor one of a later version");
	check(hook_script_parse("#!/bin/sh\n# resutil-hook 1\n# repository: x"
				"\n# repository: /y", 60, &out) && !out.nr,
	      "a relative one and a cut one are none");
	strvec_release(&in);
	strvec_release(&out);
	strbuf_release(&text);
	strbuf_release(&again);
}

/* ---- the queue ---------------------------------------------------------- */

static int parses(const char *text)
{
	struct value *root = NULL;
	int ret = hook_queue_parse(&root, text, strlen(text), "queue", NULL);

	check(!ret == (root != NULL), "it is there when it is one");
	value_free(root);
	return ret;
}

static void test_queue(void)
{
	const char *const args[] = { "origin", "\xff", NULL };
	struct hook_cause cause = { .event = "pre-push", .name = "a",
				    .args = args };
	struct value *value = hook_cause_value(&cause), *read;
	struct strbuf text = STRBUF_INIT;

	check(!parses("{\"version\":1,\"waiting\":[]}"), "an empty queue");
	check(parses("{\"version\":2,\"waiting\":[]}") == ERR_CONTENT,
	      "of another version");
	check(parses("{\"version\":1}") == ERR_CONTENT, "without a list");
	check(parses("{\"version\":1,\"waiting\":[{\"event\":\"x\"}]}")
	      == ERR_CONTENT, "without a name");
	check(parses("{\"version\":1,\"waiting\":[{\"event\":\"x\","
		     "\"name\":\"y\",\"events\":0}]}") == ERR_CONTENT,
	      "of no events");
	json_write(&text, value);
	setenv("RESUTIL_GIT_CAUSE", text.buf, 1);
	read = hook_cause_from_env();
	check(read && value_equal(read, value), "a cause goes to a run");
	value_free(read);
	setenv("RESUTIL_GIT_CAUSE", "{\"event\":1}", 1);
	check(!hook_cause_from_env(), "nonsense does not");
	setenv("RESUTIL_GIT_CAUSE", "{\"event\":\"x\",\"name\":\"y\","
	       "\"state\":\"done\"}", 1);
	read = hook_cause_from_env();
	check(read && !value_map_get(read, "state"), "nor what is no part");
	value_free(read);
	value_free(value);
	strbuf_release(&text);
}

/* ---- notes -------------------------------------------------------------- */

static void check_note(const char *before, const char *name, const char *line,
		       bool add, const char *want, const char *what)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addstr(&text, before);
	check(git_note_edit(&text, name, line, add) == !!strcmp(before, want),
	      what);
	check_str(text.buf, want, what);
	strbuf_release(&text);
}

static void test_notes(void)
{
	check_note("", "a b", "done a b", true, "done a b\n", "a first line");
	check_note("fail a b\n", "a b", "done a b", true, "done a b\n",
		   "the same run");
	check_note("fail a b\nfail a b c\n", "a b", "done a b", true,
		   "done a b\nfail a b c\n", "a name that begins alike");
	check_note("done a\nlost b\nfail c", "b", NULL, false,
		   "done a\nfail c\n", "one that is gone");
	check_note("mine\n\nsee b\nfail b\n", "b", "done b", true,
		   "mine\n\nsee b\ndone b\n", "words and empty lines");
	check_note("done a\n", "b", "done c", false, "done a\n",
		   "none to be renamed");
}

/* ---- commands ----------------------------------------------------------- */

static void check_words(const char *json, const char *want)
{
	struct strvec words = STRVEC_INIT;
	struct strbuf all = STRBUF_INIT;
	struct value *value = NULL;
	size_t i;

	check(!json_parse(&value, json, strlen(json), "words", NULL), json);
	if (conf_command_words(value, &words))
		for (i = 0; i < words.nr; i++)
			strbuf_addf(&all, "<%s>", words.v[i]);
	check_str(all.buf, want, json);
	value_free(value);
	strvec_release(&words);
	strbuf_release(&all);
}

int main(void)
{
	test_table();
	test_project_paths();
	test_add();
	test_script();
	test_queue();
	test_notes();
	check_words("[\"a\", 1, \"b c\"]", "<a><1><b c>");
	check_words("\"a 'b c' \\\"$x\\\"\"", "<a><b c><$x>");
	check_words("\"a 'b\"", "");
	check_words("[]", "");
	check_words("[\"\"]", "");
	check_words("[[\"a\"]]", "");
	check_words("{\"argv\": [\"a\"]}", "");
	return unit_done();
}
