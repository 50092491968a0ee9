#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"

static const char *const usage[] = {
	"name-exp [--at=YYYYmmddTHHMMSS] [--comment=TEXT] [-z]",
	"name-exp --decode [--stdin] [-z] [NAME...]",
	NULL
};

static int nul;

static int decode(const char *name, void *data UNUSED)
{
	struct name_parts parts;
	struct tm local;

	if (!name_parse(&parts, name) ||
	    !name_decode_prefix(&local, parts.prefix)) {
		error("'%s' is no name of an experiment", name);
		return ERR_USAGE;
	}
	out_printf("%04d-%02d-%02dT%02d:%02d\t%s\t%s%c", local.tm_year + 1900,
		   local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min,
		   parts.stamp, parts.comment ? parts.comment : "",
		   nul ? '\0' : '\n');
	/* A reader that sends names one by one waits for each answer. */
	out_flush();
	return 0;
}

static int make(const char *at, const char *comment)
{
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	struct moment now;
	struct tm local;

	if (comment && name_check_comment(comment, strlen(comment), &err))
		die_code(ERR_USAGE, &err);
	if (!at) {
		now = moment_now();
		name_local_time(&local, &now);
	} else if (!name_parse_stamp(&local, at)) {
		die_status(EXIT_USAGE, "'%s' is no time; it is written "
			   "YYYYmmddTHHMMSS, as in 20240704T191555", at);
	}
	name_make(&name, &local, comment);
	out_printf("%s%c", name.buf, nul ? '\0' : '\n');
	strbuf_release(&name);
	strbuf_release(&err);
	return 0;
}

int cmd_name_exp(int argc, const char **argv)
{
	const char *at = NULL, *comment = NULL;
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	int decoding = 0, from_stdin = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "at", &at, "YYYYmmddTHHMMSS",
			   "local time instead of now"),
		OPT_STRING('m', "comment", &comment, "TEXT",
			   "comment of the experiment"),
		OPT_BOOL(0, "decode", &decoding,
			 "print time, timestamp and comment of each NAME"),
		OPT_BOOL(0, "stdin", &from_stdin,
			 "read more names from standard input"),
		OPT_BOOL('z', NULL, &nul, "end records with NUL"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!decoding && (argc || from_stdin))
		usage_with_options(usage, options, "names are read with "
				   "--decode only");
	if (decoding && (at || comment))
		usage_with_options(usage, options,
				   "--decode makes no name, so it takes "
				   "neither --at nor --comment");
	if (decoding && !argc && !from_stdin)
		usage_with_options(usage, options, "no name is given");
	if (!decoding)
		return make(at, comment);
	ret = items_each(&items, argv, from_stdin ? stdin : NULL,
			 nul ? '\0' : '\n', decode, NULL, &err);
	if (ret)
		die_code(ret, &err);
	return items_status(&items);
}
