#include "lib/base/compat.h"
#include "lib/sync/copy-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/sync/pack-meta.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"

/* ---- what is noted ------------------------------------------------------- */

/* This clone had it: then it is the last of what it knows of `to`, too, and
 * what grows out of it here may be pushed there. */
static bool was_here(const struct copy_item *item,
		     const struct pack_info *info)
{
	const struct copy *c = item->c;

	return c->to->ledger && info->version &&
	       ledger_knows(c->from->ledger, item->name, NULL, info);
}

static int add_note(struct copy *c, struct ledger *l,
		    const struct ledger_note *note, struct strbuf *err)
{
	const struct ledger_note *done = ledger_done(l, note->name);

	if (done && !done->elsewhere && !strcmp(done->version, note->version) &&
	    !ledger_intent(l, note->name) &&
	    (sync_same_hashes(&done->info, &note->info) ||
	     !note->info.version))
		return 0;
	pthread_mutex_lock(&c->lock);
	c->noted = true;
	pthread_mutex_unlock(&c->lock);
	return ledger_note(l, note, err);
}

int copy_note_same(struct copy_item *item, const struct pack_info *info,
		   const char *version, struct strbuf *err)
{
	struct copy *c = item->c;
	const struct ledger_note note = {
		.name = (char *)item->name, .info = *info,
		.version = (char *)version
	};
	int ret = add_note(c, c->copied, &note, err);

	if (!ret && was_here(item, info))
		ret = add_note(c, c->to->ledger, &note, err);
	return ret;
}

/* Durable before the put: whatever becomes of that, what `to` has by then is
 * known to have come from here. */
static int note_intent(struct copy_item *item, const struct pack_info *info,
		       struct strbuf *err)
{
	struct copy *c = item->c;
	const struct ledger_note note = {
		.name = (char *)item->name, .info = *info,
		.version = (char *)""
	};
	int ret = ledger_note(c->copied, &note, err);

	if (!ret && was_here(item, info))
		ret = ledger_note(c->to->ledger, &note, err);
	if (!ret)
		ret = ledger_sync(c->copied, err);
	if (!ret && was_here(item, info))
		ret = ledger_sync(c->to->ledger, err);
	return ret;
}

/* ---- the put ------------------------------------------------------------- */

/* What is read of the file is shown, where the store does not tell. */
struct shown_source {
	struct put_source source;
	struct put_file file;
	struct copy_item *item;
	bool shows;
};

static void show(struct copy_item *item, uint64_t bytes)
{
	uint64_t size = item->from->size;

	if (item->progress)	/* the first half was the get */
		progress_bytes(item->progress, size / 2 +
			       MINIMUM(bytes, size) / 2);
}

static void show_stored(void *data, uint64_t bytes)
{
	show(data, bytes);
}

static int shown_open(struct put_source *source, uint64_t offset,
		      struct strbuf *err)
{
	struct shown_source *s = (struct shown_source *)source;

	return s->file.source.open(&s->file.source, offset, err);
}

static int shown_read(struct put_source *source, void *buf, size_t len,
		      size_t *got, struct strbuf *err)
{
	struct shown_source *s = (struct shown_source *)source;
	int ret = s->file.source.read(&s->file.source, buf, len, got, err);

	if (!ret && s->shows)
		show(s->item, s->file.pos);
	return ret;
}

/* The file may be longer: of what was there before. */
static int shown_init(struct shown_source *s, struct copy_item *item,
		      const struct copy_pack *p, struct strbuf *err)
{
	int ret = put_file_init(&s->file, p->fd, item->name, err);

	if (!ret && s->file.source.size != p->size)
		ret = fail(err, ERR_CONTENT, "'%s' was changed in '%s/"
			   ".resutil/copies' while it was copied", item->name,
			   item->c->project->root);
	s->source.size = p->size;
	s->source.open = shown_open;
	s->source.read = shown_read;
	s->item = item;
	s->shows = !(transport_caps(item->c->to->transport) &
		     TRANSPORT_CAN_RESUME);
	return ret;
}

/* Each store compares what it got; this is said twice to be sure. */
static int check_put(const struct copy_item *item, const struct copy_pack *p,
		     const struct object *o, struct strbuf *err)
{
	unsigned both = o->sums & p->sums.sums;
	bool good = o->size == p->size;

	if (both & OBJECT_HAS_SHA256)
		good &= !memcmp(o->sha256, p->sums.sha256, DIGEST_RAWSZ);
	if (both & OBJECT_HAS_MD5)
		good &= !memcmp(o->md5, p->sums.md5, MD5_RAWSZ);
	if (both & OBJECT_HAS_CRC32C)
		good &= o->crc32c == p->sums.crc32c;
	/* In memory it costs nothing. */
	if (p->buf && (o->sums & ~both & OBJECT_HAS_CRC32C))
		good &= o->crc32c == crc32c(0, p->buf, (size_t)p->size);
	if (good)
		return 0;
	return fail(err, ERR_CONTENT, "what '%s' holds as '%s' is not what "
		    "was sent", item->c->to->name, item->name);
}

static void note_known(const struct copy_item *item, const struct copy_pack *p,
		       const struct object *o)
{
	const struct remote_exp exp = {
		.name = (char *)item->name, .size = o->size,
		.version = o->version, .modified = o->modified,
		.level = p->summary ? KNOWN_RECORD : KNOWN_INFO,
		.info = p->info, .summary = p->summary
	};

	remote_note(item->c->to, &exp);
}

static int send_it(struct copy_item *item, struct copy_pack *p,
		   struct object *o, struct strbuf *err)
{
	struct copy *c = item->c;
	struct strvec meta = STRVEC_INIT;
	struct strbuf key = STRBUF_INIT;
	struct shown_source shown = { .item = item };
	struct put_memory memory;
	struct put_request request = {
		.meta = &meta, .expect = item->to ? EXPECT_VERSION :
						    EXPECT_ABSENT,
		.version = item->to ? item->to->version : NULL,
		.resume = copy_claim_resume(p->claim)
	};
	int ret = 0;

	if (p->buf) {
		put_memory_init(&memory, p->buf, (size_t)p->size);
		request.source = &memory.source;
	} else {
		ret = shown_init(&shown, item, p, err);
		request.source = &shown.source;
	}
	if (!p->buf && !shown.shows) {
		request.stored = show_stored;
		request.data = item;
	}
	/* Of what another tool made nothing is known beside its bytes. */
	pack_meta_make(&meta, p->info.version ? &p->info : NULL);
	remote_key(c->to, item->name, &key);
	request.key = key.buf;
	if (!ret)
		ret = transport_put(c->to->transport, &request, o, err);
	if (request.resume)
		item->held = MAXIMUM(item->held, request.resume->held);
	strbuf_release(&key);
	strvec_release(&meta);
	return ret;
}

int copy_put(struct copy_item *item, struct copy_pack *p, struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	int ret = note_intent(item, &p->info, err);

	if (ret)
		return ret;
	ret = send_it(item, p, &o, err);
	if (ret)
		copy_note_gone(item->c, item->c->to, ret);
	else
		ret = check_put(item, p, &o, err);
	if (!ret)
		ret = copy_note_same(item, &p->info, o.version, err);
	if (!ret) {
		item->bytes = o.size;
		show(item, o.size);
		note_known(item, p, &o);
	}
	object_release(&o);
	return ret;
}
