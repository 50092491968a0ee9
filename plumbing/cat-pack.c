/*
 * cat-pack: writes the content of files in a pack to the standard output.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/sync/pack-arg.h"
#include "command.h"

static const char *const usage[] = {
	"cat-pack [--remote R] [--max-size=SIZE] [--max-entries=N] FILE|EXP "
		"PATH...",
	NULL
};

struct printing {
	const struct pack *pack;
	struct pack_reader *reader;
	bool to_person;		/* who gets no escape sequences */
	size_t nr;		/* of those that are done */
};

static int put(const unsigned char *buf, size_t len, uint64_t offset UNUSED,
	       void *data)
{
	const struct printing *printing = data;
	struct strbuf safe = STRBUF_INIT;
	int ret;

	if (printing->to_person) {
		quote_terminal_lines(&safe, (const char *)buf, len);
		ret = sys_write_all(STDOUT_FILENO, safe.buf, safe.len);
	} else {
		ret = sys_write_all(STDOUT_FILENO, buf, len);
	}
	if (ret < 0)
		die("cannot write to standard output: %s", strerror(errno));
	strbuf_release(&safe);
	return 0;
}

static int find(const struct pack_entry **e, const struct pack *p,
		const char *path, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	int ret = 0;

	*e = pack_find(p, path);
	strbuf_addstr(&dir, path);
	while (dir.len && dir.buf[dir.len - 1] == '/')
		strbuf_setlen(&dir, dir.len - 1);
	if (*e ? S_ISDIR((*e)->mode) : pack_has_below(p, dir.buf))
		ret = fail(err, ERR_USAGE, "'%s' in '%s' is a directory; "
			   "list-pack shows what lies in it", path,
			   p->source->name);
	else if (!*e)
		ret = fail(err, ERR_NOT_FOUND, "no '%s' in '%s'", path,
			   p->source->name);
	strbuf_release(&dir);
	return ret;
}

/* So that they are read together, and ahead, where the store is far. */
static void expect(const struct pack *p, const char **paths)
{
	struct strvec all = STRVEC_INIT;
	struct pack_range *range;
	size_t i;

	strvec_pushv(&all, paths);
	range = xcalloc(all.nr + 1, sizeof(*range));
	for (i = 0; i < all.nr; i++) {
		const struct pack_entry *e = pack_find(p, all.v[i]);

		if (e && !S_ISDIR(e->mode))
			range[i] = (struct pack_range){
				e->offset, e->limit - e->offset
			};
	}
	pack_source_expect(p->source, range, all.nr);
	free(range);
	strvec_release(&all);
}

/* For items_each(). */
static int print_one(const char *path, void *data)
{
	struct printing *printing = data;
	struct strbuf err = STRBUF_INIT;
	const struct pack_entry *e;
	int ret;

	ret = find(&e, printing->pack, path, &err);
	if (!ret)
		ret = pack_read_entry(printing->pack, e, printing->reader, put,
				      printing, &err);
	pack_source_done(printing->pack->source, printing->nr++);
	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return ret;
}

int cmd_cat_pack(int argc, const char **argv)
{
	struct pack_arg arg = PACK_ARG_INIT;
	struct printing printing = { 0 };
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	struct pack *p;
	int ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &arg.remote_name, "R",
			   "of an experiment: its remote, or a store's URL"),
		OPT_PACK_LIMITS(&arg.limits),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc < 2)
		usage_with_options(usage, options, argc ? "which path in it?" :
				   N_("which pack?"));
	arg.project = the_project;
	ret = pack_arg_open(&p, &arg, argv[0], &err);
	if (ret)
		die_code(ret, &err);
	printing.pack = p;
	printing.reader = pack_reader_new();
	printing.to_person = out_is_for_person();
	expect(p, argv + 1);
	ret = items_each(&items, argv + 1, NULL, '\n', print_one, &printing,
			 &err);
	if (ret)
		die_code(ret, &err);
	pack_reader_free(printing.reader);
	pack_close(p);
	pack_arg_release(&arg);
	strbuf_release(&err);
	return items_status(&items);
}
