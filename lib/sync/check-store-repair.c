/*
 * What can be mended in a store without guessing: a damaged pack whose
 * experiment is here as it was sent, and a second name that a rename left.
 * Whatever is replaced or removed is so in the version that was looked at.
 */
#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/pack/pack-first.h"
#include "lib/exp/pack/pack-level.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/exp/pack/pack-write.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/compare.h"
#include "lib/sync/ledger.h"
#include "lib/sync/pack-meta.h"
#include "lib/sync/pack-stream.h"
#include "lib/sync/remote-pack.h"
#include "transport/transport.h"

static enum finding_state refuse(struct strbuf *why, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

static enum finding_state refuse(struct strbuf *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(why, fmt, ap);
	va_end(ap);
	return FINDING_OPEN;
}

/* ---- sending again ------------------------------------------------------- */

/* Whether it begins as a pack does; what does not is of use to nobody. */
static bool begins_as_pack(struct pack_source *source)
{
	static const unsigned char begin[4] = { 'P', 'K', 3, 4 };
	unsigned char buf[sizeof(begin)];
	const size_t len = (size_t)MINIMUM((uint64_t)sizeof(buf),
					   source->size);

	return !len || source->read(source, buf, len, 0, NULL) ||
	       !memcmp(buf, begin, len);
}

/*
 * A pack whose end is lost may still be a later one than what this clone knows
 * of, since others send as well. So what is left of it must be nothing, or
 * begin with the very record that is here.
 */
static bool is_rest_of(struct checked *p, const struct local_exp *here)
{
	struct pack_source *source = remote_pack_source(p->check->r, p->exp);
	struct strbuf record = STRBUF_INIT;
	bool good;

	good = !source->size || !begins_as_pack(source) ||
	       !pack_first_record(&record, source, &here->info, NULL);
	source->release(source);
	strbuf_release(&record);
	return good;
}

/*
 * What the store had, by what is left of it: its own comment, where that can be
 * read. Else what this clone last sent or fetched under that name.
 */
static bool is_what_was_sent(struct checked *p, const struct local_exp *here,
			     struct strbuf *why)
{
	const struct ledger_note *note;

	if (p->has_info && p->info.version) {
		if (sync_same_hashes(&p->info, &here->info))
			return true;
		strbuf_addf(why, "'%s' here is not what was sent",
			    here->name);
		return false;
	}
	note = ledger_done(p->check->r->ledger, here->name);
	if (!note || note->elsewhere ||
	    !sync_same_hashes(&note->info, &here->info)) {
		strbuf_addf(why, "it is not known here what '%s' was when it "
			    "was sent", here->name);
		return false;
	}
	if (!strcmp(note->version, p->exp->version) || is_rest_of(p, here))
		return true;
	strbuf_addf(why, "what is left of '%s' may be of a later state than "
		    "what is here", here->name);
	return false;
}

/* Whole here, and at rest. */
static bool is_fit(struct checked *p, const struct local_exp *here,
		   struct strbuf *why)
{
	const char *reason = NULL;

	if (partial_is(p->check->r->project, here->name))
		reason = "is only partly here";
	else if (here->live || here->elsewhere)
		reason = "still runs";
	else if (!here->info.version || !here->info.has_record)
		reason = "has no record here";
	if (reason)
		strbuf_addf(why, "'%s' %s", here->name, reason);
	return !reason && is_what_was_sent(p, here, why);
}

static int note(struct checked *p, const struct pack_info *info,
		const char *version, struct strbuf *err)
{
	struct ledger *ledger = p->check->r->ledger;
	const struct ledger_note note = {
		.name = p->exp->name, .info = *info, .version = (char *)version
	};
	int ret = ledger ? ledger_note(ledger, &note, err) : 0;

	return !ret && ledger ? ledger_sync(ledger, err) : ret;
}

/* What was packed must be what was compared. */
static int put(struct checked *p, struct pack_stream *stream,
	       struct object *object, struct strbuf *err)
{
	const struct pack_result *result = pack_stream_result(stream);
	struct strbuf key = STRBUF_INIT;
	struct strvec meta = STRVEC_INIT;
	struct put_request request = {
		.source = pack_stream_source(stream), .expect = EXPECT_VERSION,
		.version = p->exp->version, .meta = &meta
	};
	int ret;

	pack_meta_make(&meta, result ? &result->info : NULL);
	remote_key(p->check->r, p->exp->name, &key);
	request.key = key.buf;
	ret = transport_put(p->check->r->transport, &request, object, err);
	strvec_release(&meta);
	strbuf_release(&key);
	return ret;
}

static int send_again(struct checked *p, const struct local_exp *here,
		      struct strbuf *err)
{
	struct pack_options options = { 0 };
	struct object object = OBJECT_INIT;
	struct pack_stream *stream = NULL;
	const struct pack_result *result;
	struct strbuf dir = STRBUF_INIT;
	int ret;

	ret = pack_level_read(PACK_LEVEL_NOT_GIVEN, &options.level, err);
	if (!ret)
		ret = note(p, &here->info, "", err);
	project_exp_path(p->check->r->project, here->name, &dir);
	if (!ret)
		ret = pack_stream_open(&stream, dir.buf, here->bytes,
				       &options, err);
	if (!ret)
		ret = put(p, stream, &object, err);
	if (!ret) {
		result = pack_stream_result(stream);
		if (!result || !sync_same_hashes(&result->info, &here->info))
			ret = fail(err, ERR_CONFLICT, "'%s' changed while it "
				   "was sent", here->name);
	}
	if (!ret)
		ret = note(p, &here->info, object.version, err);
	pack_stream_release(stream);
	object_release(&object);
	strbuf_release(&dir);
	return ret;
}

/* A repair that is not read again is a hope. */
static enum finding_state look_again(struct checked *p, struct strbuf *why)
{
	int ret;

	p->whole = true;
	ret = check_pack(p, 1, why);
	if (ret)
		return FINDING_OPEN;
	if (p->verdict == PACK_GOOD || p->verdict == PACK_GONE)
		return FINDING_MENDED;
	return refuse(why, "it was sent again, and is still bad: %s",
		      p->why.buf);
}

enum finding_state repair_pack(struct checked *p, struct strbuf *why)
{
	struct store_check *c = p->check;
	enum finding_state state = FINDING_OPEN;
	struct local_exp here = LOCAL_EXP_INIT;
	int ret;

	if (!check_is_here(c, p->exp->name))
		return refuse(why, "'%s' is not here", p->exp->name);
	ret = local_exp_read(&here, c->r->project, p->exp->name, 0, why);
	if (ret)
		return FINDING_OPEN;
	if (is_fit(p, &here, why)) {
		if (c->options->flags & CHECK_DRY_RUN)
			state = FINDING_WOULD;
		else if (!send_again(p, &here, why))
			state = look_again(p, why);
	}
	local_exp_release(&here);
	return state;
}

/* ---- one run under two names --------------------------------------------- */

/* By the ledger, which notes each rename, and by what is here. */
static bool is_known_name(const struct checked *kept,
			  const struct checked *old)
{
	const struct store_check *c = kept->check;
	const char *name = ledger_name_of(c->r->ledger, kept->info.id);

	return name && !strcmp(name, kept->exp->name) &&
	       !check_is_here(c, old->exp->name);
}

enum finding_state repair_twin(struct checked *kept, struct checked *old,
			       struct strbuf *why)
{
	struct remote *r = kept->check->r;
	struct strbuf key = STRBUF_INIT;
	int ret;

	if (!sync_same_hashes(&kept->info, &old->info))
		return refuse(why, "they differ");
	if (!is_known_name(kept, old))
		return refuse(why, "it is not known here which of the names "
			      "is the old one");
	/* The last good copy does not go. */
	kept->whole = true;
	ret = check_pack(kept, 1, why);
	if (ret)
		return FINDING_OPEN;
	if (kept->verdict != PACK_GOOD ||
	    !sync_same_hashes(&kept->info, &old->info))
		return refuse(why, "'%s' is damaged", kept->exp->name);
	if (kept->check->options->flags & CHECK_DRY_RUN)
		return FINDING_WOULD;
	remote_key(r, old->exp->name, &key);
	ret = transport_remove(r->transport, key.buf, old->exp->version, why);
	if (!ret)
		remote_forget(r, old->exp->name);
	strbuf_release(&key);
	return ret ? FINDING_OPEN : FINDING_MENDED;
}
