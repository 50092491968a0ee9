#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-edit.h"
#include "lib/wrap/yaml.h"
#include "t/unit/unit.h"

static const char conf[] =
	"# our project\n"
	"project_name: MyProj   # do not rename\n"
	"results_dir: 'results/'\n"
	"\n"
	"storage_type: gcs\n"
	"storage_config:\n"
	"  # the bucket of the team\n"
	"  backet_name: resutil  # sic\n"
	"  key_file_path: key.json\n"
	"\n"
	"# what the lab's own scripts read\n"
	"lab: {room: 7, people: [a, b]}\n"
	"notes: |\n"
	"  one\n"
	"  two\n";

static int edit(struct strbuf *text, const char *path, const char *yaml)
{
	struct strbuf err = STRBUF_INIT;
	struct value *value = NULL;
	int ret = 0;

	if (yaml)
		ret = yaml_parse(&value, yaml, strlen(yaml), "value", &err);
	if (!ret)
		ret = conf_edit(text, path, value, &err);
	if (ret)
		printf("# %s\n", err.buf);
	value_free(value);
	strbuf_release(&err);
	return ret;
}

/* What the edit of `before` must give, to the byte. */
static void gives(const char *before, const char *path, const char *yaml,
		  const char *after, const char *what)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addstr(&text, before);
	check(!edit(&text, path, yaml), what);
	check_str(text.buf, after, what);
	strbuf_release(&text);
}

static void refuses(const char *before, const char *path, const char *yaml,
		    const char *what)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addstr(&text, before);
	check(edit(&text, path, yaml) == ERR_CONTENT, what);
	check_str(text.buf, before, "the text stays as it was");
	strbuf_release(&text);
}

/* conf with its first `old` replaced: the one change that was asked for. */
static void changes(const char *path, const char *yaml, const char *old,
		    const char *new, const char *what)
{
	struct strbuf want = STRBUF_INIT;
	const char *at = strstr(conf, old);

	strbuf_addstr(&want, conf);
	strbuf_splice(&want, at - conf, strlen(old), new, strlen(new));
	gives(conf, path, yaml, want.buf, what);
	strbuf_release(&want);
}

static void test_scalars(void)
{
	changes("project_name", "Other", "MyProj ", "Other ",
		"a value changes, its comment stays");
	changes("storage_config.backet_name", "b2", "resutil  #", "b2  #",
		"a value in a map");
	changes("results_dir", "'yes'", "'results/'", "\"yes\"",
		"what must be quoted is");
	changes("lab.room", "8", "lab: {room: 7, people: [a, b]}",
		"lab: {room: 8, people: [a, b]}", "a value in { }");
	changes("project_name", "MyProj", "a", "a",
		"the same value changes nothing");
	changes("storage_type", "\"a\\nb\"", "storage_type: gcs",
		"storage_type: |-\n  a\n  b", "a text of two lines");
	changes("notes", "short", "notes: |\n  one\n  two\n",
		"notes: short\n", "a block of text becomes a word");
}

static void test_new_keys(void)
{
	gives("a: 1\n", "b", "x", "a: 1\nb: x\n", "a key is added");
	gives("a: 1", "b", "x", "a: 1\nb: x\n", "no newline at the end");
	gives("a: 1 # one\n# end\n", "b", "x", "a: 1 # one\nb: x\n# end\n",
	      "a comment stays with its line");
	gives("", "a.b.c", "x", "a:\n  b:\n    c: x\n", "an empty text");
	gives("# only a comment\n", "a", "x", "# only a comment\na: x\n",
	      "only a comment");
	gives("run:\n    prompt: true\nz: 1\n", "run.collect", "x",
	      "run:\n    prompt: true\n    collect: x\nz: 1\n",
	      "the indentation of the map is kept");
	gives("run:\n    prompt: true\nz: 1\n", "run.deep.er", "[a, b]",
	      "run:\n    prompt: true\n    deep:\n      er:\n      - a\n"
	      "      - b\nz: 1\n", "maps are made on the way");
	gives("run: # later\nz: 1\n", "run.prompt", "false",
	      "run:\n  prompt: false # later\nz: 1\n",
	      "nothing becomes a map");
	gives("s: {}\n", "s.path", "/x", "s:\n  path: /x\n",
	      "an empty map gets a key");
	gives("{a: 1}\n", "b", "2", "a: 1\nb: 2\n",
	      "a text in { } is written anew");
	gives("a: {b: 1}\nc: 2\n", "a.d", "x", "a:\n  b: 1\n  d: x\nc: 2\n",
	      "a map in { } is written anew");
	changes("run.prompt", "false", "  one\n  two\n",
		"  one\n  two\nrun:\n  prompt: false\n",
		"a new map behind a block of text");
}

static void test_maps(void)
{
	changes("storage_config", "{path: /store}",
		"storage_config:\n"
		"  # the bucket of the team\n"
		"  backet_name: resutil  # sic\n"
		"  key_file_path: key.json\n",
		"storage_config:\n  path: /store\n", "a map is replaced");
	gives("a: 1\n", "b", "{x: 1, w: {z: 2}}",
	      "a: 1\nb:\n  x: 1\n  w:\n    z: 2\n", "a map is added");
}

static void test_removal(void)
{
	changes("storage_type", NULL, "storage_type: gcs\n", "",
		"a key is taken out with its line");
	changes("project_name", NULL,
		"project_name: MyProj   # do not rename\n", "",
		"and with its comment");
	changes("storage_config.key_file_path", NULL,
		"  key_file_path: key.json\n", "", "from a map");
	changes("lab", NULL, "lab: {room: 7, people: [a, b]}\n", "",
		"a value in { }");
	changes("notes", NULL, "notes: |\n  one\n  two\n", "",
		"a block of text");
	changes("none.such", NULL, "a", "a", "what is not there");
	gives("a:\n  b: 1\nc: 2\n", "a.b", NULL, "a: {}\nc: 2\n",
	      "the last key leaves an empty map");
	gives("a: {b: 1, c: 2}\n", "a.b", NULL, "a:\n  c: 2\n",
	      "a key in { }");
}

static void test_anchors(void)
{
	gives("a: &x {p: 1}\nb: *x\n", "b.q", "2",
	      "a: &x {p: 1}\nb:\n  p: 1\n  q: 2\n",
	      "an alias becomes a map of its own");
	gives("a: &x\n  p: 1\nb:\n  <<: *x\n  r: 3\n", "b.p", "2",
	      "a: &x\n  p: 1\nb:\n  <<: *x\n  r: 3\n  p: 2\n",
	      "a merged key is overruled");
	refuses("a: &x 1\nb: *x\n", "a", "2",
		"a value that is used elsewhere is not changed");
	gives("a: &x\n  p: 1\nb:\n  <<: *x\n", "b.p", NULL,
	      "a: &x\n  p: 1\nb: {}\n", "a merged key is taken out");
}

static void test_refusals(void)
{
	refuses("a: [1\n", "b", "x", "malformed text");
	refuses("a: 1\na: 2\n", "b", "x", "a duplicate key");
	refuses("a: text\n", "a.b", "x", "a text in the way");
	refuses("- a\n", "b", "x", "a list");
	refuses("~\n", "b", "x", "a null that was written");
	refuses("a: [1, 2]\n", "a.b", "x", "a list in the way");
}

/* One key after the other, in one text; always readable, nothing lost. */
static void test_many(void)
{
	struct strbuf text = STRBUF_INIT;
	struct value *value = NULL;
	char path[32], number[16];
	bool good = true;
	int i;

	strbuf_addstr(&text, conf);
	for (i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "m%d.k%d", i % 7, i % 31);
		snprintf(number, sizeof(number), "%d", i);
		good = good && !edit(&text, path, number);
	}
	check(good, "200 edits of one text");
	check(!yaml_parse(&value, text.buf, text.len, "text", NULL),
	      "the text is readable");
	good = true;
	for (i = 0; i < 200; i++) {
		int64_t got;

		snprintf(path, sizeof(path), "m%d.k%d", i % 7, i % 31);
		good = good && value_get_int(value, path, &got) &&
			(got - i) % (7 * 31) == 0;
	}
	check(good, "and says what was set last");
	check(strstr(text.buf, "# the bucket of the team") != NULL,
	      "comments are still there");
	value_free(value);
	strbuf_release(&text);
}

int main(void)
{
	test_scalars();
	test_new_keys();
	test_maps();
	test_removal();
	test_anchors();
	test_refusals();
	test_many();
	return unit_done();
}
