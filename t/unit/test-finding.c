#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/exp/check/finding.h"
#include "lib/exp/check/finding-list.h"
#include "t/unit/unit.h"

static const struct finding plain = {
	.level = FINDING_LEFTOVER, .state = FINDING_REMOVED, .id = "hidden-dir",
	.where = "results/.x.1.tmp", .name = "x", .bytes = 4096,
	.text = "what was being made"
};

static void test_print(void)
{
	struct strbuf out = STRBUF_INIT;
	struct finding f = plain;

	finding_print(&out, &f, false, false);
	check_str(out.buf, "leftover\thidden-dir\tremoved\tresults/.x.1.tmp\tx"
		  "\t4096\twhat was being made\n", "a line");
	strbuf_reset(&out);
	f.name = NULL;
	f.where = "a\tb\n\033";
	f.text = "one\nline\tof \033[31m";
	finding_print(&out, &f, false, false);
	check_str(out.buf, "leftover\thidden-dir\tremoved\t\"a\\tb\\n\\033\"\t-"
		  "\t4096\tone\\x0aline\\x09of \\x1b[31m\n",
		  "what would be no field is quoted");
	strbuf_reset(&out);
	finding_print(&out, &f, true, false);
	check(out.len && !out.buf[out.len - 1] && strstr(out.buf, "\ta\tb\n\033"
							 "\t-\t"),
	      "with -z the path is as it is");
	strbuf_reset(&out);
	finding_print(&out, &f, false, true);
	check_str(out.buf, "{\"level\":\"leftover\",\"id\":\"hidden-dir\","
		  "\"state\":\"removed\",\"where\":\"a\\tb\\n\\u001b\","
		  "\"name\":null,\"bytes\":4096,"
		  "\"text\":\"one\\nline\\tof \\u001b[31m\"}\n", "JSON");
	strbuf_release(&out);
}

static bool parse(struct finding *f, char **copy, const char *line)
{
	free(*copy);
	*copy = xstrdup(line);
	return finding_parse(f, *copy);
}

static void test_parse(void)
{
	struct strbuf out = STRBUF_INIT;
	struct finding f = plain, got;
	char *copy = NULL;

	f.where = "results/a\tb\n\\\"\377";
	f.name = NULL;
	f.bytes = UINT64_MAX;
	finding_print(&out, &f, false, false);
	strbuf_setlen(&out, out.len - 1);
	check(finding_parse(&got, out.buf), "what was printed is read");
	check_str(got.where, f.where, "with its path");
	check(!got.name && got.bytes == UINT64_MAX && got.level == f.level &&
	      got.state == f.state && !strcmp(got.id, f.id) &&
	      !strcmp(got.text, f.text), "and all else");
	check(parse(&got, &copy, "error\tx\topen\tw\tn\t0\t") && !*got.text &&
	      !strcmp(got.name, "n"), "a text may be empty");
	check(!parse(&got, &copy, ""), "nothing is no finding");
	check(!parse(&got, &copy, "error\tx\topen\tw\tn\t0"), "six fields");
	check(!parse(&got, &copy, "error\tx\topen\tw\tn\t0\tt\tu"), "eight");
	check(!parse(&got, &copy, "terror\tx\topen\tw\tn\t0\tt"), "no level");
	check(!parse(&got, &copy, "error\tx\tshut\tw\tn\t0\tt"), "no state");
	check(!parse(&got, &copy, "error\t\topen\tw\tn\t0\tt"), "no id");
	check(!parse(&got, &copy, "error\tx\topen\tw\t\t0\tt"), "no name");
	check(!parse(&got, &copy, "error\tx\topen\tw\tn\t-1\tt") &&
	      !parse(&got, &copy, "error\tx\topen\tw\tn\t 1\tt") &&
	      !parse(&got, &copy, "error\tx\topen\tw\tn\t1x\tt") &&
	      !parse(&got, &copy, "error\tx\topen\tw\tn\t18446744073709551616"
		     "\tt"), "no number");
	check(!parse(&got, &copy, "error\tx\topen\t\"w\tn\t0\tt") &&
	      !parse(&got, &copy, "error\tx\topen\t\"a\\000b\"\tn\t0\tt"),
	      "no path");
	free(copy);
	strbuf_release(&out);
}

static int join(const struct finding *f, void *data)
{
	strbuf_addf(data, "%s:%s ", f->where, f->id);
	return !strcmp(f->where, "stop") ? -3 : 0;
}

static void add(struct finding_list *list, enum finding_level level,
		enum finding_state state, const char *where, const char *id)
{
	struct finding f = { .level = level, .state = state, .where = where,
			     .id = id, .text = "" };

	check(!finding_list_take(&f, list), "one is taken");
}

static void test_bad(void)
{
	struct finding f = { .level = FINDING_ERROR, .state = FINDING_OPEN };

	check(finding_is_bad(&f), "an error is bad");
	f.state = FINDING_WOULD;
	check(finding_is_bad(&f), "also one that would be mended");
	f.state = FINDING_MENDED;
	check(!finding_is_bad(&f), "a mended one is not");
	f.state = FINDING_OPEN;
	f.level = FINDING_WARNING;
	check(finding_is_bad(&f), "a warning is, too");
	f.level = FINDING_NOTE;
	check(!finding_is_bad(&f), "a note is not");
	f.level = FINDING_LEFTOVER;
	check(!finding_is_bad(&f), "nor is a leftover");
}

static void test_list(void)
{
	struct finding_list list = FINDING_LIST_INIT;
	struct strbuf out = STRBUF_INIT;

	finding_list_sort(&list);
	check(!finding_list_each(&list, join, &out), "an empty list");
	add(&list, FINDING_LEFTOVER, FINDING_OPEN, "b", "x");
	add(&list, FINDING_WARNING, FINDING_OPEN, "a", "y");
	add(&list, FINDING_ERROR, FINDING_MENDED, "b", "a");
	finding_list_sort(&list);
	finding_list_each(&list, join, &out);
	check_str(out.buf, "a:y b:a b:x ", "by place, then by id");
	strbuf_reset(&out);
	add(&list, FINDING_ERROR, FINDING_WOULD, "c", "x");
	finding_list_sort_by_level(&list);
	finding_list_each(&list, join, &out);
	check_str(out.buf, "b:a c:x a:y b:x ", "the worst first");
	strbuf_reset(&out);
	add(&list, FINDING_ERROR, FINDING_OPEN, "stop", "x");
	finding_list_sort(&list);
	check(finding_list_each(&list, join, &out) == -3,
	      "what the callback says ends it");
	finding_list_release(&list);
	strbuf_release(&out);
}

int main(void)
{
	test_print();
	test_parse();
	test_bad();
	test_list();
	return unit_done();
}
