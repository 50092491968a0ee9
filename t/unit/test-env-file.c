/* Files of KEY=VALUE lines: what each line gives, and what gives nothing. */
#include "lib/base/compat.h"
#include "lib/base/env-file.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

static int show(const char *key, const char *value, unsigned line, void *data)
{
	struct strbuf *out = data;
	const char *p;

	strbuf_addf(out, "%u:%s=", line, key);
	for (p = value; *p; p++) {
		if (*p == '\n')
			strbuf_addstr(out, "\\n");
		else
			strbuf_addch(out, *p);
	}
	strbuf_addch(out, '|');
	return strcmp(key, "STOP") ? 0 : 7;
}

static void check_parse(const char *text, const char *want)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;

	check(!env_file_parse(text, strlen(text), show, &out, &err),
	      "it is read");
	check_str(out.buf, want, *want ? want : "nothing");
	strbuf_release(&err);
	strbuf_release(&out);
}

/* What files of people hold: there python-dotenv 0.21 and the loader of the S3
 * utilities say the same. */
static void test_usual(void)
{
	check_parse("", "");
	check_parse("A=1", "1:A=1|");
	check_parse("A=1\nB=two words\n", "1:A=1|2:B=two words|");
	check_parse("\n  \n# no\n  # neither=x\nA=1", "5:A=1|");
	check_parse("A=1\r\nB=2\r\n", "1:A=1|2:B=2|");
	check_parse("  A  =  1  \n\tB=2\t\n", "1:A=1|2:B=2|");
	check_parse("A='1'\nB=\"2\"\n", "1:A=1|2:B=2|");
	check_parse("A=\n", "1:A=|");
	check_parse("A=''\nB=\"\"\n", "1:A=|2:B=|");
	check_parse("A=x=y==\n", "1:A=x=y==|");
	check_parse("A=wJalr/K7MDENG+bPx\n", "1:A=wJalr/K7MDENG+bPx|");
	check_parse("S3_ENDPOINT_URL=https://s3.example.org:9000/#x\n",
		    "1:S3_ENDPOINT_URL=https://s3.example.org:9000/#x|");
	check_parse("A=1\nA=2\n", "1:A=1|2:A=2|");
	check_parse("A=\xe3\x81\x82\n", "1:A=\xe3\x81\x82|");
}

/* There python-dotenv says the same, and the older loader does not. */
static void test_dotenv(void)
{
	check_parse("export A=1\n  export\tB=2\n", "1:A=1|2:B=2|");
	check_parse("A=x=y # z\n", "1:A=x=y|");
	check_parse("A=x#y\n", "1:A=x#y|");
	check_parse("A='x # y' # z\n", "1:A=x # y|");
	check_parse("A=\"x # y\" # z\n", "1:A=x # y|");
	check_parse("A=\"x\\ny\"\nB=\"\\\"q\\\"\"\n", "1:A=x\\ny|2:B=\"q\"|");
	check_parse("A='x\\ny'\n", "1:A=x\\ny|");
	check_parse("A=\"x\ny\"\nB=3\n", "1:A=x\\ny|3:B=3|");
	check_parse("A='x\ny=z\n'\nB=4\n", "1:A=x\\ny=z\\n|4:B=4|");
	check_parse("A='it is \"it\"'\n", "1:A=it is \"it\"|");
}

/* Where they differ, or nobody says. */
static void test_odd(void)
{
	check_parse("A= # nothing\n", "1:A=|");
	check_parse("A=\"\\$x\\\\y\\qz\"\n", "1:A=$x\\y\\qz|");
	check_parse("A=#x\n", "1:A=#x|");
	check_parse("A=$B${C}`d`\n", "1:A=$B${C}`d`|");
	check_parse("\xef\xbb\xbf" "A=1\n", "1:A=1|");
	check_parse("export=1\nexportA=2\nexport =3\n",
		    "1:export=1|2:exportA=2|");
	check_parse("no equals\n=no key\n'q'=1\na b=1\nA=1\n", "5:A=1|");
	check_parse("A='never closed\nB=2\n", "2:B=2|");
	check_parse("A='x'y\nB=\"x\" y\nC=3\n", "3:C=3|");
	check_parse("A=\"x\\\"\nB=2\n", "2:B=2|");
	check_parse("A=x\"y\"\n", "1:A=x\"y\"|");
	check_parse("A=\"\\", "");
	check_parse("A=\"", "");
	check_parse("A", "");
	check_parse("=", "");
}

static void test_limits(void)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	char *large = xcalloc(1, ENV_FILE_MAX + 1);

	check(env_file_parse("A=1\0B=2\n", 8, show, &out, &err) == ERR_CONTENT,
	      "a NUL");
	check(env_file_parse(large, ENV_FILE_MAX + 1, show, &out, &err) ==
	      ERR_CONTENT, "too large");
	check(!out.len, "nothing of them is told");
	check(env_file_parse("A=1\nSTOP=2\nB=3\n", 15, show, &out, &err) == 7,
	      "the callback ends it");
	check_str(out.buf, "1:A=1|2:STOP=2|", "at once");
	memset(large, '"', ENV_FILE_MAX);
	memcpy(large, "A=", 2);
	check(!env_file_parse(large, ENV_FILE_MAX, show, &out, &err),
	      "nothing but quotes");
	memset(large, '\n', ENV_FILE_MAX);
	check(!env_file_parse(large, ENV_FILE_MAX, show, &out, &err),
	      "nothing but line ends");
	free(large);
	strbuf_release(&out);
	strbuf_release(&err);
}

int main(void)
{
	test_usual();
	test_dotenv();
	test_odd();
	test_limits();
	return unit_done();
}
