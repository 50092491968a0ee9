/*
 * value-tool FROM TO [-z]: reads texts of one form on stdin and writes them in
 * another, for tests that compare our readers and writers with others.
 * FROM, TO: yaml, json. One text, or with -z many, each ended by NUL; one that
 * cannot be read becomes "!error MESSAGE".
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"

typedef int (*parse_fn)(struct value **out, const char *text, size_t len,
			const char *name, struct strbuf *err);
typedef void (*write_fn)(struct strbuf *out, const struct value *value);

static int convert(struct strbuf *out, parse_fn parse, write_fn write,
		   const char *text, size_t len, struct strbuf *err)
{
	struct value *value = NULL;
	int ret = parse(&value, text, len, "stdin", err);

	if (!ret)
		write(out, value);
	value_free(value);
	return ret;
}

int main(int argc, char **argv)
{
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT, err = STRBUF_INIT;
	parse_fn parse;
	write_fn write;
	size_t at;

	if (argc < 3)
		die_status(EXIT_USAGE, "usage: value-tool FROM TO [-z]");
	parse = strcmp(argv[1], "json") ? yaml_parse : json_parse;
	write = strcmp(argv[2], "json") ? yaml_write : json_write;
	if (strbuf_read_fd(&in, 0, SIZE_MAX / 2))
		die("cannot read stdin");

	if (argc == 3) {
		int ret = convert(&out, parse, write, in.buf, in.len, &err);

		if (ret)
			die_code(ret, &err);
	}
	for (at = 0; argc > 3 && at < in.len; at += strlen(in.buf + at) + 1) {
		strbuf_reset(&err);
		if (convert(&out, parse, write, in.buf + at,
			    strlen(in.buf + at), &err))
			strbuf_addf(&out, "!error %s", err.buf);
		strbuf_addch(&out, '\0');
	}
	if (fwrite(out.buf, 1, out.len, stdout) != out.len || fflush(stdout))
		die("cannot write stdout");
	strbuf_release(&in);
	strbuf_release(&out);
	strbuf_release(&err);
	return 0;
}
