/*
 * A run that another program recorded while ours recorded it: one experiment,
 * not two.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strvec.h"
#include "lib/exp/import/import-internal.h"
#include "lib/exp/import/importing.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/record/record.h"

#define PREFIX_MAX 40	/* bytes of an id in front of a series */

/* Series and files of a second run get its id in front. */
static void put_in_front(struct import_sink *sink, const char *id)
{
	struct strbuf prefix = STRBUF_INIT;
	const char *at;
	size_t i;

	for (at = id; *at && prefix.len < PREFIX_MAX; at++)
		strbuf_addch(&prefix, isalnum((unsigned char)*at) ||
			     *at == '-' || *at == '_' ? *at : '_');
	for (i = 0; i < sink->series_nr; i++) {
		char **name = &sink->series[i]->name;
		char *was = *name;

		*name = *was ? xstrfmt("%s-%.*s", prefix.buf,
				       (int)(METRICS_MAX_SERIES - PREFIX_MAX -
					     1), was) :
			       xstrdup(prefix.buf);
		free(was);
	}
	for (i = 0; i < sink->item_nr; i++) {
		char *was = sink->item[i].name;

		sink->item[i].name = xstrfmt("captured/%s/%s", prefix.buf, was);
		free(was);
	}
	strbuf_release(&prefix);
}

/* Members that `have` lacks, into map `key` of `changes`. */
static void add_absent(struct value *changes, const struct value *record,
		       const struct value *from, const char *key)
{
	const struct value *have = value_map_get(record, key);
	const struct value *map = value_map_get(from, key);
	struct value *out;
	size_t i;

	if (!map || map->type != VALUE_MAP)
		return;
	out = value_new_map();
	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		if (!value_map_get(have, pair->key))
			value_map_add(out, pair->key, pair->key_len,
				      value_copy(pair->value));
	}
	value_map_set(changes, key, out);
}

static struct value *captured(const struct value *record,
			      const struct import_format *format,
			      const struct import_entry *entry,
			      struct import_sink *sink, struct value *files)
{
	static const char *const whole[] = { "params", "info", "result", NULL };
	const struct value *had = value_map_get(record, "captured");
	struct value *list = had && had->type == VALUE_LIST ?
			     value_copy(had) : value_new_list();
	struct value *one = value_new_map();
	size_t i;

	value_map_set_str(one, "format", format->name);
	value_map_set_str(one, "id", entry->id);
	value_map_set_str(one, "path", entry->dir);
	value_map_set(one, "series", files);
	for (i = 0; whole[i]; i++) {
		const struct value *v = value_map_get(sink->record, whole[i]);

		if (v)
			value_map_set(one, whole[i], value_copy(v));
	}
	value_list_add(list, one);
	return list;
}

static int lay_over(const struct project *p, const char *name,
		    const char *dir, const struct import_format *format,
		    const struct import_entry *entry, struct import_sink *sink,
		    struct value *files, struct strbuf *err)
{
	struct value *record = NULL, *changes = value_new_map();
	const struct value *result = value_map_get(sink->record, "result");
	int ret = record_read(&record, dir, err);

	if (ret) {
		value_free(files);
	} else {
		add_absent(changes, record, sink->record, "params");
		add_absent(changes, record, sink->record, "info");
		if (result && !value_map_get(record, "result"))
			value_map_set(changes, "result", value_copy(result));
		value_map_set(changes, "captured",
			      captured(record, format, entry, sink, files));
		ret = record_update(p, name, changes, err);
	}
	value_free(changes);
	value_free(record);
	return ret;
}

int import_capture(struct strvec *problems, const struct project *p,
		   const char *name, const struct import_format *format,
		   const struct import_entry *entry, size_t others,
		   struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *files = value_new_map();
	struct moment now = moment_now();
	struct import_sink sink;
	size_t i;
	int ret;

	import_sink_init(&sink);
	project_exp_path(p, name, &dir);
	ret = format->read(&sink, entry, err);
	if (!ret && others)
		put_in_front(&sink, entry->id);
	if (!ret)
		ret = import_before_adding(p, dir.buf, err);
	if (!ret)
		ret = import_write_series(&sink, dir.buf, files,
					  now.sec * 1000000 + now.usec, err);
	if (!ret)
		ret = import_write_items(&sink, dir.buf, false, err);
	if (!ret)
		ret = lay_over(p, name, dir.buf, format, entry, &sink, files,
			       err);
	else
		value_free(files);
	for (i = 0; i < sink.problems.nr; i++)
		strvec_push(problems, sink.problems.v[i]);
	import_sink_release(&sink);
	strbuf_release(&dir);
	return ret;
}
