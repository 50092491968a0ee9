/* Which interpreter, and what a package says of itself. */
#include "t/unit/unit.h"
#include "lib/exp/recording/python-dist.h"
#include "lib/exp/recording/python-find.h"

static void check_dist(const char *text, size_t len, const char *want,
		       const char *what)
{
	struct strbuf name = STRBUF_INIT, version = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;
	bool good = python_dist_parse(text, len, &name, &version);

	if (good)
		python_dist_line(&line, name.buf, version.buf, "", 0);
	check_str(good ? line.buf : NULL, want, what);
	strbuf_release(&name);
	strbuf_release(&version);
	strbuf_release(&line);
}

#define CHECK_DIST(text, want, what) \
	check_dist(text, sizeof(text) - 1, want, what)

static void test_dist(void)
{
	CHECK_DIST("Metadata-Version: 2.1\nName: numpy\nVersion: 1.2\n",
		   "numpy==1.2", "a package");
	CHECK_DIST("name:\ta.b-c_9 \r\nVERSION:1!2+x\r\n\r\n", "a.b-c_9==1!2+x",
		   "any case, any blanks");
	CHECK_DIST("Name: a\nName: b\nVersion: 1\nVersion: 2\n", "a==1",
		   "the first counts");
	CHECK_DIST("Name: a\n\nVersion: 1\n", NULL, "not the body");
	CHECK_DIST("Name: a\nVersion: 1", NULL, "not a line that is cut off");
	CHECK_DIST("Version: 1\n", NULL, "no name");
	CHECK_DIST("Name: \nVersion: 1\n", NULL, "an empty one");
	CHECK_DIST("Name: a b\nVersion: 1\n", NULL, "one with a blank");
	CHECK_DIST("Name: -a\nVersion: 1\n", NULL, "an option");
	CHECK_DIST("Name: a-\nVersion: 1\n", NULL, "a dash at the end");
	CHECK_DIST("Name: a\0b\nVersion: 1\n", NULL, "a NUL");
	CHECK_DIST("Name: \303\244\nVersion: 1\n", NULL, "no ASCII");
	CHECK_DIST("Name: a\nVersion: 1\033[2J\n", NULL, "an escape");
	CHECK_DIST("Names: a\nVersion : 1\n", NULL, "other headers");
	CHECK_DIST("", NULL, "nothing");
}

static void check_line(const char *json, const char *want, const char *what)
{
	struct strbuf line = STRBUF_INIT;

	python_dist_line(&line, "x", "1", json, strlen(json));
	check_str(line.buf, want, what);
	strbuf_release(&line);
}

static void test_url(void)
{
	check_line("{\"url\":\"https://h/x\",\"archive_info\":{}}",
		   "x @ https://h/x", "an archive");
	check_line("{\"url\":\"u\",\"archive_info\":{\"hash\":\"md5=1\"},"
		   "\"subdirectory\":\"s\"}", "x @ u#md5=1&subdirectory=s",
		   "with hash and directory");
	check_line("{\"url\":\"u\",\"vcs_info\":{\"vcs\":\"git\","
		   "\"commit_id\":\"c\"},\"subdirectory\":\"s\"}",
		   "x @ git+u@c#subdirectory=s", "a repository");
	check_line("{\"url\":\"u\",\"vcs_info\":{\"vcs\":\"git\"}}", "x==1",
		   "without its commit");
	check_line("{\"url\":\"u\",\"dir_info\":{\"editable\":true}}",
		   "-e u#egg=x", "what is edited");
	check_line("{\"url\":\"u\",\"dir_info\":{\"editable\":\"yes\"}}",
		   "x @ u", "a text is no yes");
	check_line("{\"url\":\"a b\"}", "x==1", "a blank");
	check_line("{\"url\":\"\\u202e\"}", "x==1", "a control character");
	check_line("{\"url\":\"\"}", "x==1", "an empty one");
	check_line("{\"url\":[1]}", "x==1", "a list");
	check_line("[]", "x==1", "no map");
	check_line("{", "x==1", "no JSON");
}

static void test_canonical(void)
{
	struct strbuf out = STRBUF_INIT;

	python_dist_canonical(&out, "Zope.Inter__face-.X");
	check_str(out.buf, "zope-inter-face-x", "as packages are compared");
	strbuf_release(&out);
}

static void test_names(void)
{
	static const char *const good[] = {
		"python", "python3", "python3.11", "python3.13t", "pypy3",
		"pypy", "python3-dbg", "python2.7"
	};
	static const char *const bad[] = {
		"", "pyth", "python-config", "python3.11-config", "ipython",
		"pythonw.exe", "python3x", "pypyr"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		check(python_is_name(good[i]), good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(!python_is_name(bad[i]), bad[i]);
}

int main(void)
{
	test_dist();
	test_url();
	test_canonical();
	test_names();
	return unit_done();
}
