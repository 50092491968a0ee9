/*
 * list-pack: prints what a pack holds, by its central directory.
 */
#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/sheet/rows.h"
#include "lib/exp/pack/zip-format.h"
#include "lib/sync/pack-arg.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/json.h"
#include "command.h"

static const char *const usage[] = {
	"list-pack [--remote R] [--json | --format FORMAT] [-z] "
		"[--max-size=SIZE] [--max-entries=N] FILE|EXP",
	"list-pack --info [--remote R] [--json] [-z] [--max-size=SIZE] "
		"[--max-entries=N] FILE|EXP",
	NULL
};

static void add_time(struct strbuf *out, int64_t sec)
{
	struct moment m = { .sec = sec };

	moment_format_utc(out, &m);
}

/* ---- the fields of an entry --------------------------------------------- */

static struct value *get_mode(const void *row, void *data UNUSED)
{
	const struct pack_entry *e = row;
	char text[16];

	snprintf(text, sizeof(text), "%06o", (unsigned)e->mode);
	return value_new_str(text);
}

static struct value *get_size(const void *row, void *data UNUSED)
{
	return value_new_int((int64_t)((const struct pack_entry *)row)->size);
}

static struct value *get_packed(const void *row, void *data UNUSED)
{
	return value_new_int((int64_t)((const struct pack_entry *)row)->packed);
}

static struct value *get_crc(const void *row, void *data UNUSED)
{
	char text[16];

	snprintf(text, sizeof(text), "%08x",
		 (unsigned)((const struct pack_entry *)row)->crc);
	return value_new_str(text);
}

static struct value *get_mtime(const void *row, void *data UNUSED)
{
	struct strbuf text = STRBUF_INIT;
	struct value *value;

	add_time(&text, ((const struct pack_entry *)row)->mtime);
	value = value_new_str(text.buf);
	strbuf_release(&text);
	return value;
}

static struct value *get_path(const void *row, void *data UNUSED)
{
	const struct pack_entry *e = row;

	return value_new_text(e->path, e->path_len);
}

static struct value *get_method(const void *row, void *data UNUSED)
{
	return value_new_str(((const struct pack_entry *)row)->method ==
			     ZIP_STORED ? "stored" : "deflated");
}

static struct value *get_offset(const void *row, void *data UNUSED)
{
	return value_new_int((int64_t)((const struct pack_entry *)row)->offset);
}

static struct value *get_segments(const void *row, void *data UNUSED)
{
	return value_new_int((int64_t)((const struct pack_entry *)row)
			     ->nr_points + 1);
}

static const struct row_field fields[] = {
	{ .name = "mode", .help = "type and permissions, octal",
	  .get = get_mode },
	{ .name = "size", .help = "bytes of the content", .right = true,
	  .get = get_size },
	{ .name = "packed", .help = "bytes in the pack", .right = true,
	  .get = get_packed },
	{ .name = "crc32", .help = "CRC-32 of the content, hex",
	  .get = get_crc },
	{ .name = "mtime", .help = "last change", .get = get_mtime },
	{ .name = "path", .help = "a directory's ends in '/'",
	  .get = get_path },
	{ .name = "method", .help = "stored or deflated", .get = get_method,
	  .hidden = true },
	{ .name = "offset", .help = "of the local header", .get = get_offset,
	  .hidden = true },
	{ .name = "segments", .help = "parts that can be read apart",
	  .get = get_segments, .hidden = true },
	ROW_FIELD_END
};

/* The plain lines, which scripts read, take no detour through values. */
static void print_lines(const struct pack *p, bool nul)
{
	struct strbuf line = STRBUF_INIT;
	size_t i;

	for (i = 0; i < p->nr; i++) {
		const struct pack_entry *e = &p->entry[i];

		strbuf_reset(&line);
		strbuf_addf(&line, "%06o\t%" PRIu64 "\t%" PRIu64 "\t%08x\t",
			    (unsigned)e->mode, e->size, e->packed,
			    (unsigned)e->crc);
		add_time(&line, e->mtime);
		strbuf_addch(&line, '\t');
		if (nul)
			strbuf_add(&line, e->path, e->path_len);
		else
			quote_c(&line, e->path, e->path_len);
		strbuf_addch(&line, nul ? '\0' : '\n');
		out_text(line.buf, line.len);
	}
	strbuf_release(&line);
}

static void print_rows(const struct pack *p, struct rows *rows)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		rows_add(rows, &p->entry[i]);
	rows_end(rows);
}

/* ---- --info ------------------------------------------------------------- */

static void set_hash(struct value *map, const char *key,
		     const unsigned char *hash, bool there)
{
	struct strbuf hex = STRBUF_INIT;

	if (there)
		digest_hex(&hex, hash);
	value_map_set(map, key, there ? value_new_str(hex.buf) :
					value_new_null());
	strbuf_release(&hex);
}

static struct value *info_of(const struct pack *p)
{
	const struct pack_info *info = &p->info;
	struct value *map = value_new_map();

	value_map_set_int(map, "version", info->version);
	set_hash(map, "tree", info->tree, info->version > 0);
	set_hash(map, "record", info->record, info->has_record);
	value_map_set(map, "id", *info->id ? value_new_str(info->id) :
					     value_new_null());
	value_map_set(map, "revision", info->revision ?
		      value_new_int((int64_t)info->revision) :
		      value_new_null());
	value_map_set_int(map, "entries", (int64_t)p->nr);
	value_map_set_int(map, "bytes", (int64_t)p->size);
	return map;
}

static void print_info(const struct pack *p, const struct rows *rows)
{
	struct value *info = info_of(p);
	struct strbuf out = STRBUF_INIT;
	char end = rows->nul ? '\0' : '\n';
	size_t i;

	if (rows->json) {
		json_write(&out, info);
		strbuf_addch(&out, end);
	}
	for (i = 0; i < info->u.map.nr && !rows->json; i++) {
		const struct value_pair *pair = &info->u.map.pair[i];

		strbuf_addf(&out, "%s\t", pair->key);
		if (pair->value->type == VALUE_NULL)
			strbuf_addch(&out, '-');
		else
			value_format(&out, pair->value);
		strbuf_addch(&out, end);
	}
	out_text(out.buf, out.len);
	strbuf_release(&out);
	value_free(info);
}

int cmd_list_pack(int argc, const char **argv)
{
	struct rows rows = { .fields = fields };
	struct pack_arg arg = PACK_ARG_INIT;
	struct strbuf err = STRBUF_INIT;
	struct pack *p;
	int info = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &arg.remote_name, "R",
			   "of an experiment: its remote, or a store's URL"),
		OPT_ROWS(&rows),
		OPT_BOOL(0, "info", &info,
			 "print what the pack says of itself"),
		OPT_PACK_LIMITS(&arg.limits),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, argc ?
				   "one pack at a time" : N_("which pack?"));
	if (info && rows.format)
		usage_with_options(usage, options,
				   "--info knows no --format");
	if (!info && (rows.json || rows.format) && rows_begin(&rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	arg.project = the_project;
	ret = pack_arg_open(&p, &arg, argv[0], &err);
	if (ret)
		die_code(ret, &err);
	if (info)
		print_info(p, &rows);
	else if (rows.state)
		print_rows(p, &rows);
	else
		print_lines(p, rows.nul);
	pack_close(p);
	pack_arg_release(&arg);
	strbuf_release(&err);
	return 0;
}
