/*
 * One pack of a store: what its end, its directory and its record say, by one
 * read of its last 64 KiB where that is enough; or all of it.
 */
#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/value.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-end.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/exp/pack/pack-verify.h"
#include "lib/exp/record/record.h"
#include "lib/sync/pack-meta.h"
#include "lib/sync/remote-internal.h"
#include "lib/sync/remote-pack.h"
#include "lib/wrap/digest.h"
#include "transport/transport.h"

/* What votakvot writes; record_read() takes it where there is no other. */
#define OTHER_RECORD "votakvot.yaml"
/* More than these of one pack say nothing more. */
#define PROBLEMS_MAX 3

/* One try. */
struct reading {
	struct checked *p;
	struct store_check *check;
	unsigned threads;
	struct strbuf *why;
	char *name;		/* "REMOTE:NAME" */
	unsigned char *buf;	/* the pack, where it lies in memory */
	struct pack *pack;
	size_t problems;	/* found by pack_verify() */
};

static int judge(struct reading *r, enum pack_verdict verdict,
		 const char *fmt, ...) PRINTF_LIKE(3, 4);

static int judge(struct reading *r, enum pack_verdict verdict,
		 const char *fmt, ...)
{
	va_list ap;

	r->p->verdict = verdict;
	if (fmt) {
		va_start(ap, fmt);
		strbuf_vaddf(r->why, fmt, ap);
		va_end(ap);
	}
	return ERR_CONTENT;
}

/* ---- where its bytes come from ------------------------------------------- */

/* All of it by one request. */
static int get_small(struct pack_source **out, struct reading *r)
{
	const struct remote_exp *exp = r->p->exp;
	struct strbuf key = STRBUF_INIT;
	size_t len = (size_t)exp->size;
	int ret;

	r->buf = xmalloc(MAXIMUM(len, (size_t)1));
	remote_key(r->check->r, exp->name, &key);
	ret = transport_read(r->check->r->transport, key.buf, exp->version,
			     r->buf, len, 0, r->why);
	strbuf_release(&key);
	if (ret)
		return ret;
	*out = pack_source_memory(r->buf, len);
	(*out)->name = r->name;
	return 0;
}

static int open_source(struct pack_source **out, struct reading *r)
{
	const struct remote_exp *exp = r->p->exp;

	if (r->p->whole && exp->size <= CHECK_SMALL)
		return get_small(out, r);
	*out = remote_pack_source(r->check->r, exp);
	if (r->p->whole)
		remote_pack_read_all(*out);
	return 0;
}

/* ---- its end ------------------------------------------------------------- */

/* A comment of ours that this program is too old for. */
static bool is_later_format(const struct pack_end *end)
{
	static const char magic[] = "resutil-pack ";
	const size_t len = sizeof(magic) - 1;
	const char *at = end->comment + len, *stop;
	uint64_t version = 0;

	stop = end->comment + end->comment_len;
	if (end->comment_len < len || memcmp(end->comment, magic, len))
		return false;
	for (; at < stop && *at >= '0' && *at <= '9' && version < UINT_MAX;
	     at++)
		version = version * 10 + (uint64_t)(*at - '0');
	return version > PACK_FORMAT;
}

/* What another reader might take for good is no damage. */
static int read_end(struct reading *r, struct pack_source *source)
{
	const uint64_t max = r->check->limits.max_entries;
	struct strbuf why = STRBUF_INIT;
	struct pack_end end = { 0 };
	struct pack_info info;
	int ret;

	ret = pack_end_read(&end, source, r->why);
	if (ret)
		goto cleanup;
	ret = pack_info_read(&info, end.comment, end.comment_len, &why);
	if (ret) {
		ret = judge(r, is_later_format(&end) ? PACK_BEYOND : PACK_BAD,
			    "'%s': %s", r->name, why.buf);
		goto cleanup;
	}
	r->p->info = info;
	r->p->has_info = true;
	if (max && end.entries > max)
		ret = judge(r, PACK_BEYOND, "'%s' has %" PRIu64 " entries, "
			    "and the limit is %" PRIu64 "; raise "
			    "unpack.max-entries", r->name, end.entries, max);

cleanup:
	free(end.tail);
	strbuf_release(&why);
	return ret;
}

/* ---- its record ---------------------------------------------------------- */

static int add_piece(const unsigned char *buf, size_t len,
		     uint64_t offset UNUSED, void *data)
{
	strbuf_add(data, buf, len);
	return 0;
}

static int check_hash(struct reading *r, const struct strbuf *text)
{
	unsigned char hash[DIGEST_RAWSZ];
	struct digest *d;
	int ret = digest_start(&d, r->why);

	if (ret)
		return ret;
	digest_add(d, text->buf, text->len);
	digest_finish(&d, hash);
	if (memcmp(hash, r->p->info.record, sizeof(hash)))
		return judge(r, PACK_BAD, "'%s': its record is not the one of "
			     "its archive comment", r->name);
	return 0;
}

static void take_dependencies(struct checked *p, const struct value *record)
{
	const struct value *list = value_map_get(record, "dependency");
	const struct value *ids = value_map_get(record, "dependency_ids");
	size_t i;

	strvec_clear(&p->deps);
	strvec_clear(&p->dep_ids);
	if (!list || list->type != VALUE_LIST)
		return;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *name = value_text(list->u.list.item[i]);
		const char *id = NULL;

		if (!name)
			continue;
		if (ids && ids->type == VALUE_MAP)
			id = value_text(value_map_get(ids, name));
		strvec_push(&p->deps, name);
		strvec_push(&p->dep_ids, id && record_is_id(id) ? id : "");
	}
}

/* So that nobody has to read it again. */
static void note_known(struct reading *r, const struct value *record)
{
	struct remote_exp *exp = r->p->exp;

	exp->info = r->p->info;
	exp->summary = remote_summary(record);
	exp->level = KNOWN_RECORD;
	remote_note(r->check->r, exp);
	value_free(exp->summary);
	exp->summary = NULL;
	exp->level = KNOWN_INFO;
}

/* What the comment repeats of the record is what that says. */
static bool is_of_comment(const struct pack_info *info,
			  const struct value *record)
{
	const char *id = value_get_text(record, "id");
	int64_t revision;

	if (!value_get_int(record, "revision", &revision) || revision < 0)
		revision = 0;
	return !strcmp(info->id, id && record_is_id(id) ? id : "") &&
	       info->revision == (uint64_t)revision;
}

static int parse_record(struct reading *r, const struct strbuf *text,
			const char *path)
{
	struct strbuf why = STRBUF_INIT;
	struct value *record = NULL;
	int ret = 0;

	if (record_parse(&record, text->buf, text->len, path, &why)) {
		ret = judge(r, PACK_NO_RECORD, "the record in '%s' cannot be "
			    "read: %s", r->name, why.buf);
	} else if (r->p->info.has_record &&
		   !is_of_comment(&r->p->info, record)) {
		ret = judge(r, PACK_BAD, "'%s': id and revision in its archive "
			    "comment are not those of its record", r->name);
	} else {
		record_normalize(record);
		take_dependencies(r->p, record);
		note_known(r, record);
	}
	value_free(record);
	strbuf_release(&why);
	return ret;
}

static int read_record(struct reading *r, const struct pack_entry *entry)
{
	struct strbuf text = STRBUF_INIT;
	struct pack_reader *reader;
	int ret;

	if (entry->size > RECORD_MAX_BYTES)
		return judge(r, PACK_NO_RECORD, "the record in '%s' is longer "
			     "than a record can be", r->name);
	reader = pack_reader_new();
	ret = pack_read_entry(r->pack, entry, reader, add_piece, &text,
			      r->why);
	pack_reader_free(reader);
	if (!ret && r->p->info.has_record)
		ret = check_hash(r, &text);
	if (!ret)
		ret = parse_record(r, &text, entry->path);
	strbuf_release(&text);
	return ret;
}

/*
 * Of a pack that is longer than its end the record is one more read, which is
 * spared where it was read before in this version.
 */
static bool is_recalled(struct reading *r)
{
	struct remote_exp *exp = r->p->exp;
	bool good;

	if (r->p->whole || exp->size <= PACK_TAIL_MAX)
		return false;
	remote_recall(r->check->r, exp, 1);
	good = exp->level == KNOWN_RECORD && exp->summary &&
	       !memcmp(&exp->info, &r->p->info, sizeof(exp->info));
	if (good)
		take_dependencies(r->p, exp->summary);
	value_free(exp->summary);
	exp->summary = NULL;
	return good;
}

static int check_record(struct reading *r)
{
	const struct pack_entry *entry = pack_find(r->pack, RECORD_FILE);
	const struct pack_info *info = &r->p->info;
	bool ours = entry && S_ISREG(entry->mode);

	if (info->version && info->has_record != ours)
		return judge(r, PACK_BAD, "'%s' has %s record, and its archive "
			     "comment says otherwise", r->name,
			     ours ? "a" : "no");
	if (!ours)
		entry = pack_find(r->pack, OTHER_RECORD);
	if (!entry || !S_ISREG(entry->mode))
		return judge(r, PACK_NO_RECORD, "'%s' has an experiment's "
			     "name, and no record is in it", r->name);
	return is_recalled(r) ? 0 : read_record(r, entry);
}

/* ---- all of it ----------------------------------------------------------- */

static void add_problem(const char *sentence, void *data)
{
	struct reading *r = data;

	if (r->problems++ < PROBLEMS_MAX)
		strbuf_addf(r->why, "%s%s", r->why->len ? "; " : "", sentence);
}

static int verify(struct reading *r)
{
	struct strbuf err = STRBUF_INIT;
	int ret;

	ret = pack_verify(r->pack, r->threads, 0, NULL, NULL, add_problem, r,
			  &err);
	if (r->problems) {
		if (r->problems > PROBLEMS_MAX)
			strbuf_addf(r->why, "; and %zu more",
				    r->problems - PROBLEMS_MAX);
		ret = ERR_CONTENT;
	} else if (ret) {
		strbuf_addbuf(r->why, &err);
	}
	strbuf_release(&err);
	return ret;
}

/* A sentence of pack_open() and the like means that it is bad. */
static int read_pack(struct reading *r)
{
	struct pack_source *source = NULL;
	int ret;

	r->p->verdict = PACK_BAD;
	r->p->has_info = false;
	ret = open_source(&source, r);
	if (ret)
		return ret;
	ret = read_end(r, source);
	if (ret) {
		source->release(source);
		return ret;
	}
	ret = pack_open(&r->pack, source, &r->check->limits, r->why);
	if (!ret && r->p->whole)
		ret = verify(r);
	if (!ret)
		ret = check_record(r);
	return ret;
}

static int read_once(struct checked *p, unsigned threads)
{
	struct reading r = {
		.p = p, .check = p->check, .threads = threads, .why = &p->why
	};
	int ret;

	r.name = xstrfmt("%s:%s", p->check->r->name, p->exp->name);
	strbuf_reset(&p->why);
	ret = read_pack(&r);
	pack_close(r.pack);
	free(r.buf);
	free(r.name);
	return ret;
}

/*
 * After a failure: whether the store still has what was read. A store that
 * still answers, but not with this object, has lost only that.
 */
static int settle(struct checked *p, int code, bool *again,
		  struct strbuf *err)
{
	char *version = xstrdup(p->exp->version);
	struct strbuf why = STRBUF_INIT;
	int ret = remote_look_again(p->check->r, p->exp, &why);

	*again = !ret && (strcmp(version, p->exp->version) ||
			  code == ERR_CONFLICT || code == ERR_NOT_FOUND);
	if (ret == ERR_NOT_FOUND)
		p->verdict = PACK_GONE;
	else if (ret != ERR_UNREACHABLE && !*again && code != ERR_CONTENT)
		p->verdict = PACK_UNREADABLE;
	if (ret == ERR_UNREACHABLE)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	free(version);
	return ret == ERR_UNREACHABLE ? ret : 0;
}

/* What the store says beside a good pack. */
static void check_metadata(struct checked *p)
{
	struct store_check *c = p->check;
	struct object object = OBJECT_INIT;
	struct strbuf text = STRBUF_INIT, key = STRBUF_INIT;
	struct finding f = {
		.level = FINDING_WARNING, .id = "metadata-differs",
		.name = p->exp->name
	};
	const char *bad = NULL;

	remote_key(c->r, p->exp->name, &key);
	if (!transport_stat(c->r->transport, key.buf, &object, NULL) &&
	    !strcmp(object.version, p->exp->version))
		bad = pack_meta_contradiction(&object.meta, &p->info);
	if (bad) {
		strbuf_addf(&text, "the metadata of '%s' in '%s' contradict "
			    "the pack: '%s' is another one", p->exp->name,
			    c->r->name, bad);
		f.text = text.buf;
		found_add(c, &f);
	}
	object_release(&object);
	strbuf_release(&key);
	strbuf_release(&text);
}

int check_pack(struct checked *p, unsigned threads, struct strbuf *err)
{
	bool again = true;
	int ret = 0, code, tries;

	for (tries = 0; !ret && again && tries < CHECK_TRIES; tries++) {
		again = false;
		code = read_once(p, threads);
		if (code)
			ret = settle(p, code, &again, err);
		else
			p->verdict = PACK_GOOD;
	}
	/* Somebody is at it: the next check will see what came of that. */
	if (ret || again)
		p->verdict = PACK_GONE;
	if (p->verdict == PACK_GOOD && p->chosen && p->info.version &&
	    (transport_caps(p->check->r->transport) & TRANSPORT_CAN_META))
		check_metadata(p);
	return ret;
}

bool check_is_current(const struct checked *p)
{
	struct object object = OBJECT_INIT;
	struct strbuf key = STRBUF_INIT, ignored = STRBUF_INIT;
	bool same;

	remote_key(p->check->r, p->exp->name, &key);
	same = !transport_stat(p->check->r->transport, key.buf, &object,
			       &ignored) &&
	       !strcmp(object.version, p->exp->version);
	object_release(&object);
	strbuf_release(&ignored);
	strbuf_release(&key);
	return same;
}
