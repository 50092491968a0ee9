/*
 * Expressions against one run with fields of every type, and what is said of
 * those that are none. resutil-where(7).
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/runs/where.h"
#include "t/unit/unit.h"

#include <math.h>

/* 2024-07-04T19:15:55+09:00 */
static const struct moment now = { 1720088155, 0, 32400 };

struct field {
	const char *path;
	struct cell cell;
};

#define TEXT(s) { .type = CELL_TEXT, .u.text = { (s), sizeof(s) - 1 } }
#define INT(n) { .type = CELL_INT, .u.number = (n) }
#define FLOAT(x) { .type = CELL_FLOAT, .u.real = (x) }
#define BOOL(b) { .type = CELL_BOOL, .u.truth = (b) }
#define TIME(s, us) { .type = CELL_TIME, .u.time = { (s), (us), 32400 } }

static struct cell tags = { .type = CELL_LIST };
static struct cell layers = { .type = CELL_LIST };
static struct cell nothing = { .type = CELL_LIST };

static struct field fields[] = {
	{ "state", TEXT("done") },
	{ "name", TEXT("train_20240704T191555_lr") },
	{ "comment", TEXT("a \"long\" try") },
	{ "params.lr", FLOAT(0.1) },
	{ "params.epochs", INT(10) },
	{ "params.big", INT(INT64_C(9007199254740993)) },
	{ "params.batch-size", INT(64) },
	{ "params.\"top 1\"", FLOAT(0.5) },
	{ "params.opt", TEXT("adam") },
	{ "params.old", TEXT("0.25") },
	{ "params.empty", TEXT("") },
	{ "params.gpu", BOOL(true) },
	{ "params.cpu", BOOL(false) },
	{ "params.nothing", { .type = CELL_NULL } },
	{ "info.loss", FLOAT(NAN) },
	{ "info.top", FLOAT(INFINITY) },
	{ "info.when", TEXT("2024-07-03 10:00:00") },
	{ "info.bytes", { .type = CELL_BYTES, .u.text = { "a\377b", 3 } } },
	{ "at.created", TIME(1720086955, 250000) },	/* 18:55:55.25 */
	{ "duration", FLOAT(5400) },
	{ "usage.max_rss", INT(2 << 20) },
};

static void get(struct cell *out, size_t slot, void *data)
{
	const char *path = where_field(data, slot);
	size_t i;

	if (!strcmp(path, "tags"))
		*out = tags;
	else if (!strcmp(path, "params.layers"))
		*out = layers;
	else if (!strcmp(path, "params.none"))
		*out = nothing;
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strcmp(fields[i].path, path))
			*out = fields[i].cell;
}

static void expect(const char *text, bool want)
{
	struct strbuf err = STRBUF_INIT, what = STRBUF_INIT;
	struct where *where;
	char *at;

	strbuf_addf(&what, "%s: %s", want ? "holds" : "does not hold", text);
	for (at = what.buf; *at; at++)	/* a check is one line */
		if (isspace((unsigned char)*at))
			*at = ' ';
	if (where_parse(&where, text, &now, &err)) {
		printf("# %s\n", err.buf);
		check(false, what.buf);
	} else {
		check(where_match(where, get, where) == want, what.buf);
	}
	where_free(where);
	strbuf_release(&err);
	strbuf_release(&what);
}

/* Whether it could hold, if what is absent were anything. */
static void may(const char *text, bool want)
{
	struct strbuf err = STRBUF_INIT;
	struct where *where;

	if (where_parse(&where, text, &now, &err))
		check(false, err.buf);
	else
		check(where_may_match(where, get, where) == want, text);
	where_free(where);
	strbuf_release(&err);
}

static void test_what_may_hold(void)
{
	may("params.lr = 0.1", true);
	may("params.lr > 0.1", false);
	may("info.gone > 0.1", true);
	may("not info.gone > 0.1", true);
	may("info.gone > 0.1 and info.gone < 0.2", true);
	may("info.gone > 0.1 and params.lr > 0.1", false);
	may("info.gone > 0.1 or params.lr > 0.1", true);
	may("not (info.gone > 0.1 or params.lr = 0.1)", false);
	may("info.gone = word", true);
	may("info.gone in (1, 2)", true);
	may("info.gone ~ x", true);
	may("info.gone", true);
	may("params.lr < .info.gone", true);
	/* NaN is there, and is in no order with anything */
	may("info.loss < 0.5", true);
	may("info.loss >= 0.5", true);
	may("info.loss = 0.5", false);
	may("info.loss != 0.5", true);
	may("params.opt < 0.5", true);
	may("params.opt < b", true);
	may("params.opt > b", false);
	/* what is absent is known not to be there */
	may("has info.gone", false);
	may("not has info.gone", true);
	may("has params.lr", true);
	may("not has params.lr", false);
}

#define yes(text) expect(text, true)
#define no(text) expect(text, false)

/* The whole message: sentence, expression, caret. */
static void bad(const char *text, const char *want)
{
	struct strbuf err = STRBUF_INIT;
	struct where *where;

	check(where_parse(&where, text, &now, &err) == ERR_USAGE && !where,
	      text);
	check_str(err.buf, want, "it says so");
	strbuf_release(&err);
}

static void test_numbers(void)
{
	yes("params.lr = 0.1");
	yes("params.lr == 1e-1");
	no("params.lr != 0.1");
	yes("params.lr>0.05");
	yes("params.lr <= .1");
	no("params.lr < 0.1");
	yes("params.lr >= 10%");
	yes("params.epochs = 10");
	yes("params.epochs = 10.0");
	no("params.epochs = '10'");
	yes("params.epochs != '10'");
	no("params.epochs = ten");
	yes("params.epochs != ten");
	no("params.epochs < ten");
	no("params.epochs > ten");
	yes("params.big = 9007199254740993");
	no("params.big = 9007199254740992");
	yes("params.big > 9007199254740992");
	yes("params.batch-size = 64");
	yes("params.\"top 1\" = 0.5");
	yes("duration > 1h");
	yes("duration = 90 min");
	yes("duration = 1h30m");
	yes("duration = 1 h 30 min and duration = 1 hour 1800 s");
	yes("duration in (1 h 30 m, 5)");
	yes("usage.max_rss = 2MiB");
	yes("usage.max_rss < 1 G");
	yes("0.05 < params.lr");
	no("0.5 < params.lr");
	yes("10 >= params.epochs and 10 <= params.epochs");
	yes("params.lr < .params.epochs");
	no("params.lr > .params.epochs");
	yes(".params.lr < .params.\"top 1\"");
	yes("params.old = 0.25");
	yes("params.old < 0.3");
	no("params.old > 0.3");
	no("params.opt < 1");
	no("params.opt > 1");
	yes("params.opt != 1");
}

static void test_nan(void)
{
	yes("info.loss = nan");
	no("info.loss != nan");
	no("info.loss > 0");
	no("info.loss < 0");
	no("info.loss = 0");
	yes("info.loss != 0");
	no("info.loss >= nan and not info.loss = nan");
	yes("info.top = inf");
	yes("info.top > 1e308");
	no("params.lr = nan");
	no("info.loss");
}

static void test_texts(void)
{
	yes("state = done");
	yes("state == 'done'");
	yes("state = \"done\"");
	no("state = fail");
	yes("state != fail");
	yes("params.opt = adam and params.opt < sgd");
	no("params.opt = Adam");
	yes("comment = 'a \"long\" try'");
	yes("comment = \"a \\\"long\\\" try\"");
	yes("comment has long");
	no("comment has Long");
	yes("comment not has short");
	yes("name ~ ^train_");
	yes("name ~ 'T19[0-9]{4}_'");
	no("name ~ _$");
	yes("name !~ _$");
	yes("name ~ \"_(lr|wd)$\"");
	yes("comment ~ '\"long\"'");
	yes("params.lr ~ '^0\\.1$'");
	no("params.opt ~ '^.$'");
	yes("info.bytes ~ ^a");
	yes("info.bytes != ab");
	yes("params.empty = ''");
	no("params.empty");
	no("params.empty ~ .");
}

static void test_truths(void)
{
	yes("params.gpu");
	no("params.cpu");
	yes("params.gpu = true");
	yes("params.gpu = True");
	no("params.gpu = 'true'");
	yes("params.cpu = false");
	yes("params.cpu != true");
	no("params.gpu < 5");
	yes("not params.cpu");
	yes("params.nothing = null");
	yes("params.nothing = None");
	no("params.nothing != null");
	yes("params.nothing != 5");
	yes("params.lr != null");
	no("has params.nothing");
	yes("has params.lr");
	no("has params.gone");
	yes("params.epochs");
}

static void test_absent(void)
{
	no("params.gone = 5");
	no("params.gone != 5");
	no("params.gone < 5");
	no("params.gone = null");
	no("params.gone in (5)");
	no("params.gone not in (5)");
	no("params.gone !~ a");
	no("params.gone not has a");
	yes("not params.gone = 5");
	yes("not (params.gone in (5))");
	no("params.lr = .params.gone");
	no("params.lr != .params.gone");
	no("params.gone");
	yes("not params.gone");
}

static void test_lists(void)
{
	yes("tags has gpu");
	no("tags has cpu");
	no("tags has gp");
	yes("tags not has cpu");
	yes("gpu in tags");
	yes("'two words' in tags");
	no("cpu in tags");
	yes("cpu not in tags");
	yes("tags = gpu");
	no("tags != gpu");
	yes("tags != cpu");
	yes("tags ~ ^two");
	yes("tags !~ ^three");
	yes("params.layers has 64");
	yes("params.layers > 100");
	no("params.layers > 200");
	yes(".params.batch-size in params.layers");
	yes("params.layers has .params.batch-size");
	yes("params.layers = .params.layers");
	no("tags = .params.layers");
	yes("tags != .params.layers");
	yes("params.epochs in (1, 10, 100)");
	no("params.epochs in (1, 100)");
	yes("params.epochs not in (1, 100)");
	yes("params.opt in (sgd, 'adam')");
	yes("params.lr in (0.5, .params.\"top 1\", 0.1)");
	yes("state in (done, fail)");
	no("params.none has 1");
	yes("params.none not has 1");
	no("params.none");
	yes("has params.none");
	yes("tags in (cpu, gpu)");
}

static void test_times(void)
{
	yes("at.created > 2024-07-04T18:55:55+09:00 or at.created = "
	    "2024-07-04T18:55:55+09:00");
	yes("at.created = 2024-07-04T18:55:55+09:00");
	yes("at.created = '2024-07-04 18:55'");
	yes("at.created = 2024-07-04 18:55");
	yes("at.created = 2024-07-04");
	yes("at.created = today");
	no("at.created = yesterday");
	no("at.created > 2024-07-04");
	yes("at.created >= 2024-07-04");
	no("at.created < 2024-07-04");
	yes("at.created <= 2024-07-04");
	yes("at.created > 2024-07-03");
	no("at.created != 2024-07-04");
	yes("at.created > 1 hour ago");
	no("at.created > 5 minutes ago");
	yes("at.created > 2h ago and at.created < now");
	yes("at.created > 2h");
	no("at.created > abc");
	no("at.created = 5");
	yes("at.created != 5");
	yes("info.when < 2024-07-04");
	yes("info.when < yesterday or info.when = yesterday");
	yes("info.when > 3 days ago");
	no("at.created = '2024-07-05'");
	yes("at.created in (2024-07-03, 2024-07-04)");
}

static void set_state(const char *text)
{
	fields[0].cell.u.text.data = text;
	fields[0].cell.u.text.len = strlen(text);
}

static void test_states(void)
{
	set_state("running on node7");
	yes("state = running");
	no("state != running");
	no("state = done");
	yes("state in (done, running)");
	yes("state = 'running on node7'");
	no("state = 'running'");
	yes("state ~ node7");
	set_state("running, unattended");
	yes("state = running");
	yes("state = unattended");
	set_state("fail on done");
	no("state = done");
	set_state("?");
	yes("state = ?");
	no("state = done");
	set_state("done");
}

static void test_logic(void)
{
	yes("params.gpu and params.lr");
	no("params.gpu and params.cpu");
	yes("params.gpu or params.cpu");
	yes("params.cpu or params.cpu or params.gpu");
	no("params.cpu or params.gpu and params.cpu");
	yes("params.gpu or params.gpu and params.cpu");
	no("(params.gpu or params.gpu) and params.cpu");
	yes("not params.cpu and params.gpu");
	no("not (params.cpu or params.gpu)");
	yes("not not params.gpu");
	yes("params.gpu AND NOT params.cpu");
	yes("((((params.gpu))))");
	yes(" \t params.gpu\n and\r params.lr=0.1 ");
	yes("state=done and(params.lr>0)");
}

static void test_errors(void)
{
	bad("", "the expression is empty; it is to be one like "
	    "'params.lr > 0.1 and state = done'");
	bad("  ", "the expression is empty; it is to be one like "
	    "'params.lr > 0.1 and state = done'");
	bad("params.lr >", "a value is missing at the end\n"
	    "  params.lr >\n"
	    "             ^");
	bad("params.lr > 0.9 and", "a field is missing at the end\n"
	    "  params.lr > 0.9 and\n"
	    "                     ^");
	bad("params.lr => 1", "'=>' is written '>=' here\n"
	    "  params.lr => 1\n"
	    "            ^");
	bad("a = 1 && b = 2", "'&&' is written 'and' here\n"
	    "  a = 1 && b = 2\n"
	    "        ^");
	bad("name like train", "'like' is written '~ and a regular expression'"
	    " here\n"
	    "  name like train\n"
	    "       ^");
	bad("1 < params.lr < 2", "two comparisons are joined by 'and': FIELD >"
	    " A and FIELD < B\n"
	    "  1 < params.lr < 2\n"
	    "                ^");
	bad("(a = 1", "this '(' has no ')'\n  (a = 1\n  ^");
	bad("a = 1)", "this ')' has no '('\n  a = 1)\n       ^");
	bad("a = 'x", "the text that begins here has no second '\n"
	    "  a = 'x\n"
	    "      ^");
	bad("params.a > params.b", "a word here is a text; write .params.b for"
	    " the field, 'params.b' for the text\n"
	    "  params.a > params.b\n"
	    "             ^");
	bad("params.n > 10k", "'10k' is no number that everybody reads alike; "
	    "write 1e3, or 1K, which is 1024\n"
	    "  params.n > 10k\n"
	    "             ^");
	bad("params.n > 10 x", "this is no unit; write text with blanks in "
	    "quotes\n"
	    "  params.n > 10 x\n"
	    "                ^");
	bad("at.created > 2024-13-01", "'2024-13-01' is no number, duration, "
	    "size or time\n"
	    "  at.created > 2024-13-01\n"
	    "               ^");
}

static void test_misspelt(void)
{
	bad("state = failed", "there is no state 'failed'; there are added, "
	    "started, running, resumed, done, fail, interrupted, lost, "
	    "unattended\n"
	    "  state = failed\n"
	    "          ^");
	bad("name ~ '(a'", "this is no regular expression: Unmatched ( or \\("
	    "\n  name ~ '(a'\n         ^");
	bad("params.a in tags", "a word here is a text; write .params.a for the"
	    " field, 'params.a' for the text\n  params.a in tags\n  ^");
	bad("a in [1, 2]", "a list stands in parentheses: (a, b)\n"
	    "  a in [1, 2]\n"
	    "       ^");
	bad("a in (1", "a comma or ')' is missing at the end\n"
	    "  a in (1\n"
	    "         ^");
	bad("1 = 2", "a field is expected here\n  1 = 2\n      ^");
	bad("a b", "'and', 'or' or an operator is expected here\n"
	    "  a b\n    ^");
	bad("and", "a field is expected here\n  and\n  ^");
	bad("a = and", "a value is expected here\n  a = and\n      ^");
	bad("a = 1, b = 2", "conditions are joined by 'and' or 'or'\n"
	    "  a = 1, b = 2\n       ^");
	bad("\343\201\202 = x \343\201\202", "'and', 'or' or an operator is "
	    "expected here\n  \343\201\202 = x \343\201\202\n         ^");
	bad("a\033[2J = 1", "a control character stands here\n"
	    "  a [2J = 1\n   ^");
	bad("a !b", "'!' is written 'not' here\n  a !b\n    ^");
}

static void test_hostile(void)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct where *where;
	size_t i;

	for (i = 0; i < 100; i++)
		strbuf_addstr(&text, "aaaa = 1 and ");
	strbuf_addstr(&text, "b =");
	check(where_parse(&where, text.buf, &now, &err) == ERR_USAGE,
	      "a long one");
	check_str(err.buf, "a value is missing at the end\n"
		  "  ...1 and aaaa = 1 and aaaa = 1 and aaaa = 1 and b =\n"
		  "                                                     ^",
		  "is cut at the left");
	strbuf_reset(&text);
	strbuf_reset(&err);
	for (i = 0; i < 20000; i++)
		strbuf_addch(&text, '(');
	check(where_parse(&where, text.buf, &now, &err) == ERR_USAGE &&
	      strstr(err.buf, "nested"), "20000 parentheses");
	strbuf_reset(&text);
	strbuf_reset(&err);
	for (i = 0; i < 10000; i++)
		strbuf_addstr(&text, "not ");
	check(where_parse(&where, text.buf, &now, &err) == ERR_USAGE &&
	      strstr(err.buf, "nested"), "10000 times not");
	strbuf_reset(&text);
	for (i = 0; i < 70000; i++)
		strbuf_addch(&text, 'a');
	check(where_parse(&where, text.buf, &now, NULL) == ERR_USAGE,
	      "70000 bytes");
	strbuf_reset(&text);
	strbuf_addstr(&text, "state = done");
	for (i = 0; i < 4000; i++)
		strbuf_addstr(&text, " and a != 1");
	check(!where_parse(&where, text.buf, &now, NULL) &&
	      where_fields_nr(where) == 2, "4000 times and");
	where_free(where);
	strbuf_release(&text);
	strbuf_release(&err);
}

static void refused(const char *pattern)
{
	char *text = xstrfmt("name ~ '%s'", pattern);
	struct where *where;

	check(where_parse(&where, text, &now, NULL) == ERR_USAGE, text);
	where_free(where);
	free(text);
}

static void test_patterns(void)
{
	struct strbuf text = STRBUF_INIT;
	struct where *where;
	size_t i;

	refused("(a)\\\\1");
	refused("((a{100}){100}){100}");
	refused("a{100}{100}{100}");
	refused("(a{,200}){,200}");
	refused("((((a{9}){9}){9}){9}){9}");
	refused("a++++++++++++++++++++++++++++");
	refused("((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+");
	refused("(a{50,}){99}{2,}");
	refused("");
	refused("a{3,2}");
	refused("[[:nothing:]]");
	yes("name ~ '[]_]'");
	yes("name ~ '^[[:alpha:]]+_([0-9]{4}){2}T'");
	yes("name ~ 'a{0,}'");
	yes("name ~ '^(t+r*a?)+(i|n)+_[0-9]{8,}'");
	for (i = 0; i < 300; i++)
		strbuf_addch(&text, '(');
	check(where_parse(&where, text.buf, &now, NULL), "many parentheses");
	strbuf_release(&text);
}

static void test_slots(void)
{
	struct where *where;

	check(!where_parse(&where, "a = 1 and b = .a and a = 2 or \"b c\".d",
			   &now, NULL) && where_fields_nr(where) == 3,
	      "each field has one slot");
	check_str(where_field(where, 0), "a", "the first");
	check_str(where_field(where, 1), "b", "the second");
	check_str(where_field(where, 2), "\"b c\".d", "as it is written");
	where_free(where);
	where_free(NULL);
}

static void pack_list(struct strbuf *room, struct cell *list,
		      const struct cell *member, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		cell_pack(room, &member[i]);
	list->u.list.data = (const unsigned char *)room->buf;
	list->u.list.len = room->len;
}

int main(void)
{
	static const struct cell words[] = { TEXT("gpu"), TEXT("two words") };
	static const struct cell sizes[] = { INT(64), FLOAT(128) };
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

	setenv("TZ", "JST-9", 1);
	tzset();
	pack_list(&a, &tags, words, 2);
	pack_list(&b, &layers, sizes, 2);
	test_numbers();
	test_nan();
	test_texts();
	test_truths();
	test_absent();
	test_what_may_hold();
	test_lists();
	test_times();
	test_states();
	test_logic();
	test_errors();
	test_misspelt();
	test_hostile();
	test_patterns();
	test_slots();
	strbuf_release(&a);
	strbuf_release(&b);
	return unit_done();
}
