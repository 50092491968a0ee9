#include "lib/base/compat.h"
#include "lib/sync/send-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/exp/record/exp-links.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/exp/pack/pack-write.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/compare.h"
#include "lib/sync/ledger.h"
#include "lib/sync/pack-meta.h"
#include "lib/sync/pack-stream.h"
#include "lib/sync/remote-list.h"
#include "lib/sync/uploads.h"
#include "transport/transport.h"

/* A pack is put again when a file changed, or when the store has something
 * that may be replaced as well as what was listed. */
#define TRIES 3
/* Of memory, for each entry of a pack: what is known of it, twice. */
#define ENTRY_BYTES 1024

/* One upload. */
struct upload {
	struct send_item *item;
	const char *dir;
	struct pack_options options;
	struct pack_stream *stream;
	struct upload_claim *claim;	/* or NULL: not to be gone on with */
	struct progress *packed;	/* what the packer tells, where the
					 * store tells what it holds */
	struct strvec meta;
	struct object object;
};

/* ---- what is sent along ------------------------------------------------- */

/* What is packed must still be the run that was compared. */
static int check_identity(struct upload *u, struct strbuf *err)
{
	const struct pack_result *result = pack_stream_result(u->stream);
	const struct pack_info *here = &u->item->here.info;

	if (!result)
		return 0;
	if (strcmp(result->info.id, here->id) ||
	    result->info.revision < here->revision)
		return fail(err, ERR_CONFLICT, "'%s' was replaced by another "
			    "run while it was sent; try again",
			    u->item->name);
	return 0;
}

/* ---- the upload --------------------------------------------------------- */

static void close_stream(struct upload *u)
{
	pack_stream_release(u->stream);
	u->stream = NULL;
	object_release(&u->object);
	u->object = (struct object)OBJECT_INIT;
}

/* What is small is packed here and now, by this thread. */
static int open_stream(struct upload *u, struct strbuf *err)
{
	struct send_item *item = u->item;
	bool small = !send_is_big(item);
	int ret;

	if (small)
		gate_enter(&item->send->packers, 1);
	ret = pack_stream_open(&u->stream, u->dir, item->here.bytes,
			       &u->options, err);
	if (small)
		gate_leave(&item->send->packers, 1);
	return ret;
}

/*
 * A pack has no more bytes than this, unless its tree grows meanwhile: what
 * does not compress is stored in blocks, and each entry has a header at two
 * places, with its path.
 */
static uint64_t pack_bound(const struct local_exp *here)
{
	return here->bytes + here->bytes / 512 +
	       (here->entries + 1) * (2 * PATH_MAX + 512) + (1u << 20);
}

/*
 * Parts wait to be sent: so what is shown is not what was packed, but of that
 * as much as the store holds of the pack so far.
 */
static void show_stored(void *data, uint64_t bytes)
{
	struct upload *u = data;
	uint64_t given = pack_stream_given(u->stream);
	uint64_t content = progress_told(u->packed);

	if (given)
		progress_bytes(u->item->progress, (uint64_t)
			       ((double)content * (double)bytes /
				(double)given));
}

static int put_once(struct upload *u, struct strbuf *err)
{
	struct send_item *item = u->item;
	struct remote *r = item->send->r;
	struct strbuf key = STRBUF_INIT;
	struct put_request request = { .meta = &u->meta };
	const struct pack_result *result;
	int ret;

	close_stream(u);
	ret = open_stream(u, err);
	if (!ret)
		ret = check_identity(u, err);
	if (ret)
		return ret;
	/* Only of what is known before the first byte is sent. */
	result = pack_stream_result(u->stream);
	pack_meta_make(&u->meta, result ? &result->info : NULL);
	remote_key(r, item->name, &key);
	request.key = key.buf;
	request.source = pack_stream_source(u->stream);
	request.source->bound = pack_bound(&item->here);
	request.resume = upload_resume(u->claim);
	if (u->packed) {
		request.stored = show_stored;
		request.data = u;
	}
	request.expect = item->there ? EXPECT_VERSION : EXPECT_ABSENT;
	request.version = item->there ? item->there->version : NULL;
	gate_enter(&item->send->transfers, 1);
	ret = transport_put(r->transport, &request, &u->object, err);
	gate_leave(&item->send->transfers, 1);
	strbuf_release(&key);
	return ret;
}

/* Whether a conflict is about what is here, and not about what is there. */
static bool is_conflict_here(const struct upload *u)
{
	return !u->stream || pack_stream_failed(u->stream);
}

int send_compare_again(struct send_item *item, struct strbuf *err)
{
	struct send *s = item->send;
	struct strvec name = STRVEC_INIT;
	int ret;

	/* It may have grown since, and another process of ours have sent it. */
	local_exp_release(&item->here);
	ret = local_exp_look(&item->here, s->r->project, s->cache, item->name,
			     0, 0, err);
	if (ret)
		return ret;
	remote_list_release(&item->looked);
	item->looked = (struct remote_list)REMOTE_LIST_INIT;
	strvec_push(&name, item->name);
	ret = remote_look(s->r, &name, 1, &item->looked, err);
	strvec_release(&name);
	if (ret)
		return ret;
	item->there = remote_list_find(&item->looked, item->name);
	strbuf_reset(&item->why);
	return sync_compare(&item->relation, s->r, &item->here, item->there,
			    &item->why, err);
}

static int note_done(struct send_item *item, const struct pack_info *info,
		     const char *version, struct strbuf *err)
{
	const struct ledger_note note = {
		.name = item->name, .info = *info, .version = (char *)version
	};

	if (!item->send->r->ledger)
		return 0;
	return ledger_note(item->send->r->ledger, &note, err);
}

/*
 * Somebody else was faster, or the answer to an earlier try was lost. What is
 * there by now may be the same, or may be replaced; then *again is set.
 */
static int settle_conflict(struct send_item *item, bool *again,
			   struct strbuf *err)
{
	int ret = send_compare_again(item, err);

	if (ret)
		return ret;
	switch (item->relation) {
	case SYNC_SAME:
		if (!item->new_name)
			item->status = "same";
		item->bytes = item->there->size;
		if (!item->here.info.version)
			return 0;
		return note_done(item, &item->here.info, item->there->version,
				 err);
	case SYNC_ABSENT:
		ret = item->forced ? 0 : send_check_absent(item, err);
		*again = !ret;
		return ret;
	case SYNC_HERE_GROWN:
		*again = true;
		return 0;
	case SYNC_THERE_GROWN:
		return fail(err, ERR_CONFLICT, "'%s' has got a later revision "
			    "of '%s' meanwhile; fetch it", item->send->r->name,
			    item->name);
	case SYNC_RENAMED:
	case SYNC_CONFLICT:
		*again = item->forced;
		break;
	}
	if (*again)
		return 0;
	return fail(err, ERR_CONFLICT, "somebody else was faster: %s",
		    item->why.buf);
}

/* ---- afterwards --------------------------------------------------------- */

static void note_known(struct upload *u, const struct pack_result *result)
{
	struct send_item *item = u->item;
	struct send *s = item->send;
	const struct local_exp *here = &item->here;
	struct remote_exp exp = {
		.name = item->name, .size = u->object.size,
		.version = u->object.version, .modified = u->object.modified,
		.level = KNOWN_INFO, .info = result->info
	};

	/* Read before it was packed, so it may be an older one. */
	if (here->record && here->info.has_record && result->info.has_record &&
	    !memcmp(here->info.record, result->info.record, DIGEST_RAWSZ)) {
		exp.level = KNOWN_RECORD;
		exp.summary = remote_summary(here->record);
	}
	remote_note(s->r, &exp);
	value_free(exp.summary);
	if (!here->live && !here->elsewhere)
		exp_cache_note(s->cache, item->name, &here->sign,
			       &(struct exp_known){ result->info,
						    here->final });
}

static void warn_of_links(struct send_item *item, const char *dir)
{
	struct strvec links = STRVEC_INIT;
	size_t i;

	if (item->here.links && !exp_links_outside(dir, &links, NULL))
		for (i = 0; i < links.nr; i++)
			strbuf_addf(&item->message,
				    _("%s'%s' leads out of the experiment"),
				    item->message.len ? "; " : "", links.v[i]);
	strvec_release(&links);
}

static void warn_of_skipped(struct send_item *item,
			    const struct pack_result *result)
{
	size_t i;

	for (i = 0; i < result->skipped.nr; i++)
		strbuf_addf(&item->message, _("%s'%s' was left out"),
			    item->message.len ? "; " : "",
			    result->skipped.v[i]);
}

static int finish(struct upload *u, struct strbuf *err)
{
	struct send_item *item = u->item;
	const struct pack_result *result = pack_stream_result(u->stream);
	int ret;

	if (!result || result->packed != u->object.size)
		return fail(err, ERR_CONTENT, "'%s' has %" PRIu64 " bytes of "
			    "'%s', not %" PRIu64, item->send->r->name,
			    u->object.size, item->name,
			    result ? result->packed : 0);
	item->bytes = u->object.size;
	item->held = upload_held(u->claim);
	ret = note_done(item, &result->info, u->object.version, err);
	if (!ret)
		ret = check_identity(u, err);
	if (ret)
		return ret;
	note_known(u, result);
	warn_of_skipped(item, result);
	warn_of_links(item, u->dir);
	send_follow_rename(item, &result->info, u->object.version);
	return 0;
}

static int put_until_settled(struct upload *u, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	bool again = true;
	int ret = 0, tries;

	for (tries = 0; again && tries < TRIES; tries++) {
		again = false;
		strbuf_reset(&why);
		ret = put_once(u, &why);
		if (!ret) {
			ret = finish(u, &why);
		} else if (ret == ERR_CONFLICT && is_conflict_here(u)) {
			again = u->stream != NULL;
		} else if (ret == ERR_CONFLICT && tries + 1 < TRIES) {
			strbuf_reset(&why);
			ret = settle_conflict(u->item, &again, &why);
		}
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

/* What its pack and the packing of it take while it is in memory. */
static uint64_t memory_of(const struct send_item *item)
{
	return send_is_big(item) ? 0 :
	       2 * item->here.bytes + item->here.entries * ENTRY_BYTES;
}

static bool is_gone(struct send *s, int *code)
{
	pthread_mutex_lock(&s->lock);
	*code = s->gone;
	pthread_mutex_unlock(&s->lock);
	return *code != 0;
}

void send_put(struct send_item *item)
{
	struct send *s = item->send;
	struct strbuf dir = STRBUF_INIT, err = STRBUF_INIT;
	struct upload u = {
		.item = item, .meta = STRVEC_INIT, .object = OBJECT_INIT
	};
	uint64_t memory;
	int ret;

	if (s->progress)
		item->progress = progress_part(s->progress);
	if (is_gone(s, &ret)) {
		send_fail(item, "failed", ret, "'%s' was not sent, since '%s' "
			  "cannot be %s", item->name, s->r->name,
			  ret == ERR_UNREACHABLE ? "reached" : "used");
		return;
	}
	if (item->relation == SYNC_RENAMED && item->new_name &&
	    send_rename_there(item))
		return;
	if (item->relation == SYNC_SAME)
		return;
	project_exp_path(s->r->project, item->name, &dir);
	u.dir = dir.buf;
	u.options.level = s->options->level;
	u.options.progress = item->progress;
	if (item->progress && send_is_big(item) &&
	    (transport_caps(s->r->transport) & TRANSPORT_CAN_RESUME))
		u.options.progress = u.packed = progress_part(NULL);
	u.options.live = item->here.live || item->here.elsewhere;
	if (send_is_big(item))
		u.options.jobs = s->big_jobs;
	if (item->here.bytes >= LOCAL_HASH_CACHE_MIN)
		u.options.cache = hash_cache_open(s->r->project, item->name);
	memory = memory_of(item);
	gate_enter(&s->memory, memory);
	u.claim = upload_begin(s->r, item->name, &item->here,
			       s->options->level);
	ret = put_until_settled(&u, &err);
	upload_end(u.claim, !ret);
	close_stream(&u);
	progress_stop(&u.packed);
	gate_leave(&s->memory, memory);
	if (send_is_big(item))
		alloc_give_back();
	if (ret) {
		hash_cache_drop(u.options.cache);
		send_fail(item, ret == ERR_CONFLICT ? "conflict" : "failed",
			  ret, "%s", err.buf);
		send_note_gone(s, ret);
	} else {
		hash_cache_close(u.options.cache);
	}
	strvec_release(&u.meta);
	strbuf_release(&err);
	strbuf_release(&dir);
}
