#include "lib/base/compat.h"
#include "lib/sync/fetch-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/sync/remote-pack.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"

/* What votakvot writes; record_read() takes it where there is no other. */
#define OTHER_RECORD "votakvot.yaml"

/*
 * The pack as it was listed: whole in memory, or read by ranges. That the store
 * has something else by now is noted, wherever in the reading it shows.
 */
struct fetch_source {
	struct pack_source base;
	struct fetch_item *item;
	struct pack_source *under;
	char *name;
	uint64_t memory;	/* of f->memory, for what is under it */
};

static void note_failure(struct fetch_item *item, int code)
{
	if (code == ERR_CONFLICT || code == ERR_NOT_FOUND)
		__atomic_store_n(&item->changed, true, __ATOMIC_RELAXED);
}

static void count_bytes(struct fetch *f, uint64_t len)
{
	uint64_t bytes = __atomic_add_fetch(&f->bytes, len, __ATOMIC_RELAXED);

	if (f->progress)
		progress_bytes(f->progress, bytes);
}

static int source_read(struct pack_source *source, void *buf, size_t len,
		       uint64_t offset, struct strbuf *err)
{
	struct fetch_source *s = (struct fetch_source *)source;
	int ret = s->under->read(s->under, buf, len, offset, err);

	if (ret)
		note_failure(s->item, ret);
	else
		count_bytes(s->item->f, len);
	return ret;
}

static void source_expect(struct pack_source *source,
			  const struct pack_range *range, size_t nr)
{
	pack_source_expect(((struct fetch_source *)source)->under, range, nr);
}

static void source_done(struct pack_source *source, size_t nr)
{
	pack_source_done(((struct fetch_source *)source)->under, nr);
}

static void source_release(struct pack_source *source)
{
	struct fetch_source *s = (struct fetch_source *)source;

	s->under->release(s->under);
	gate_leave(&s->item->f->memory, s->memory);
	free(s->name);
	free(s);
}

struct small_source {
	struct pack_source base;
	unsigned char *buf;
	struct pack_source *memory;
};

static int small_read(struct pack_source *source, void *buf, size_t len,
		      uint64_t offset, struct strbuf *err)
{
	struct small_source *s = (struct small_source *)source;

	return s->memory->read(s->memory, buf, len, offset, err);
}

static void small_release(struct pack_source *source)
{
	struct small_source *s = (struct small_source *)source;

	s->memory->release(s->memory);
	free(s->buf);
	free(s);
}

/* All of it by one request. */
static int get_small(struct pack_source **out, struct fetch_item *item,
		     struct strbuf *err)
{
	const struct remote_exp *there = item->there;
	struct fetch *f = item->f;
	size_t len = (size_t)there->size;
	struct small_source *s;
	struct strbuf key = STRBUF_INIT;
	unsigned char *buf;
	int ret;

	buf = xmalloc(MAXIMUM(len, (size_t)1));
	remote_key(f->r, item->name, &key);
	gate_enter(&f->transfers, 1);
	ret = transport_read(f->r->transport, key.buf, there->version, buf,
			     len, 0, err);
	gate_leave(&f->transfers, 1);
	strbuf_release(&key);
	if (ret) {
		note_failure(item, ret);
		free(buf);
		return ret;
	}
	s = xcalloc(1, sizeof(*s));
	s->buf = buf;
	s->memory = pack_source_memory(buf, len);
	s->base.size = len;
	s->base.read = small_read;
	s->base.release = small_release;
	*out = &s->base;
	return 0;
}

/* What is read by ranges; of a pack of which only some is read, little. */
static struct pack_source *get_ranges(struct fetch_item *item, bool whole,
				      uint64_t memory)
{
	struct fetch *f = item->f;
	struct pack_source *source = remote_pack_source(f->r, item->there);

	remote_pack_read_ahead(source, whole, (size_t)memory,
			       whole ? f->pack_requests : f->some_requests,
			       &f->transfers);
	return source;
}

static int open_source(struct pack_source **out, struct fetch_item *item,
		       bool whole, struct strbuf *err)
{
	struct fetch *f = item->f;
	bool small = item->there->size <= FETCH_SMALL;
	uint64_t memory = !whole ? f->some_memory :
			  small ? item->there->size : f->pack_memory;
	struct pack_source *under = NULL;
	struct fetch_source *s;
	int ret = 0;

	gate_enter(&f->memory, memory);
	if (whole && small)
		ret = get_small(&under, item, err);
	else
		under = get_ranges(item, whole, memory);
	if (ret) {
		gate_leave(&f->memory, memory);
		return ret;
	}
	s = xcalloc(1, sizeof(*s));
	s->item = item;
	s->under = under;
	s->memory = memory;
	s->name = xstrfmt("%s:%s", f->r->name, item->name);
	s->base.name = s->name;
	s->base.size = under->size;
	s->base.read = source_read;
	s->base.release = source_release;
	s->base.expect = source_expect;
	s->base.done = source_done;
	*out = &s->base;
	return 0;
}

static int add_piece(const unsigned char *buf, size_t len,
		     uint64_t offset UNUSED, void *data)
{
	strbuf_add(data, buf, len);
	return 0;
}

/* For the cache, so that `list` need not read it again. A record that says
 * nothing does not make the pack a bad one. */
static int read_summary(struct fetch_item *item, const struct pack *p,
			const struct pack_entry *e, struct strbuf *err)
{
	struct pack_reader *reader;
	struct strbuf text = STRBUF_INIT;
	struct value *record = NULL;
	int ret;

	if (e->size > RECORD_MAX_BYTES)
		return pack_entry_fail(p, e, ERR_CONTENT, err,
				       "it is longer than a record can be");
	reader = pack_reader_new();
	ret = pack_read_entry(p, e, reader, add_piece, &text, err);
	pack_reader_free(reader);
	if (!ret && !record_parse(&record, text.buf, text.len, RECORD_FILE,
				  NULL))
		record_normalize(record);
	value_free(item->summary);
	item->summary = ret ? NULL : remote_summary(record);
	value_free(record);
	strbuf_release(&text);
	return ret;
}

int fetch_open(struct pack **out, struct fetch_item *item, bool whole,
	       struct strbuf *err)
{
	const struct pack_entry *record;
	struct pack_source *source;
	int ret;

	*out = NULL;
	ret = open_source(&source, item, whole, err);
	if (!ret)
		ret = pack_open(out, source, &item->f->options->limits, err);
	if (ret)
		return ret;
	item->info = (*out)->info;
	record = pack_find(*out, RECORD_FILE);
	if (record && S_ISREG(record->mode))
		return read_summary(item, *out, record, err);
	record = pack_find(*out, OTHER_RECORD);
	if (record && S_ISREG(record->mode))
		return 0;
	return fail(err, ERR_CONTENT, "'%s' is no experiment: it has no "
		    "record", (*out)->source->name);
}

int fetch_stage(struct fetch_item *item, const struct pack *p,
		struct strbuf *err)
{
	struct fetch *f = item->f;
	bool small = item->there->size <= FETCH_SMALL;
	const struct unpack_options options = {
		.jobs = small ? 1 : f->pack_jobs,
		.ignore_space = f->options->ignore_space,
		.replace = item->replace,
		.beside = item->beside
	};
	int ret = project_need_results(f->project, err);

	if (ret)
		return ret;
	if (small)
		gate_enter(&f->unpackers, 1);
	ret = unpack_stage_make(&item->stage, p, item->dir.buf, &options, err);
	if (small)
		gate_leave(&f->unpackers, 1);
	return ret;
}
