/*
 * The comment and the record of one version of a pack in a store, by ranges.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-end.h"
#include "lib/exp/pack/pack-first.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/record/record.h"
#include "lib/sync/remote-internal.h"
#include "lib/sync/remote-list.h"
#include "lib/sync/remote-pack.h"

static int read_info(struct remote_exp *e, struct pack_source *source,
		     struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	struct pack_end end = { 0 };
	int ret;

	ret = pack_end_read(&end, source, err);
	if (!ret) {
		ret = pack_info_read(&e->info, end.comment, end.comment_len,
				     &why);
		if (ret)
			fail(err, ret, "'%s': %s", source->name, why.buf);
	}
	free(end.tail);
	strbuf_release(&why);
	if (!ret)
		e->level = KNOWN_INFO;
	return ret;
}

static int add_piece(const unsigned char *buf, size_t len,
		     uint64_t offset UNUSED, void *data)
{
	strbuf_add(data, buf, len);
	return 0;
}

static int read_entry(struct strbuf *text, const struct pack *p,
		      const struct pack_entry *entry, struct strbuf *err)
{
	struct pack_reader *reader;
	int ret;

	if (entry->size > RECORD_MAX_BYTES)
		return pack_entry_fail(p, entry, ERR_CONTENT, err,
				       "it is longer than a record can be");
	reader = pack_reader_new();
	ret = pack_read_entry(p, entry, reader, add_piece, text, err);
	pack_reader_free(reader);
	return ret;
}

/* By its directory. Takes the source. */
static int read_by_directory(struct strbuf *text, struct pack_source *source,
			     const struct pack_limits *limits,
			     struct strbuf *err)
{
	const struct pack_entry *entry;
	struct pack *p;
	int ret = pack_open(&p, source, limits, err);

	if (ret)
		return ret;
	entry = pack_find(p, RECORD_FILE);
	if (entry && S_ISREG(entry->mode))
		ret = read_entry(text, p, entry, err);
	pack_close(p);
	return ret;
}

int remote_read_info(struct remote *r, struct remote_exp *e,
		     struct strbuf *err)
{
	struct pack_source *source;
	int ret;

	if (e->level >= KNOWN_INFO)
		return 0;
	source = remote_pack_source(r, e);
	ret = read_info(e, source, err);
	source->release(source);
	return ret;
}

/*
 * Of a pack that is not in the last 64 KiB as a whole: its first bytes are one
 * more read, and its directory may be many.
 */
int remote_read_record(struct remote *r, struct remote_exp *e,
		       const struct pack_limits *limits, struct strbuf *text,
		       struct strbuf *err)
{
	struct pack_source *source = remote_pack_source(r, e);
	int ret = 0;

	if (e->level < KNOWN_INFO)
		ret = read_info(e, source, err);
	if (!ret) {
		ret = ERR_NO;
		if (source->size > PACK_TAIL_MAX)
			ret = pack_first_record(text, source, &e->info, err);
		if (ret == ERR_NO)
			return read_by_directory(text, source, limits, err);
	}
	source->release(source);
	return ret;
}
