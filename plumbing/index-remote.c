/*
 * What the index of a remote has is known by the versions of the objects
 * there: one listing says what is new, and of that the records are read.
 */
#include "lib/base/compat.h"
#include "plumbing/index-remote.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fingerprint.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/runs/index.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/record/record.h"
#include "lib/exp/runs/run-row.h"
#include "lib/sync/remote-list.h"

/* So many are read before they are written. */
#define BATCH 1024u

struct filling {
	struct remote *r;
	struct index *ix;
	struct field_names *names;
	struct pack_limits limits;
	struct workers *workers;
	size_t read;
	bool damaged;		/* the index */
	int code;		/* of the first failure of the store */
	struct strbuf err;
};

/* One that is read, or gone. */
struct piece {
	struct work work;
	struct filling *f;
	struct remote_exp *exp;	/* NULL: `name` is gone */
	const char *name;
	unsigned char sign[INDEX_SIGN_LEN];
	unsigned flags;
	struct strbuf row;
	bool failed;
};

static void sign_version(const struct remote *r, const struct remote_exp *e,
			 unsigned char *sign)
{
	struct fingerprint sum = FINGERPRINT_INIT;

	/* a remote may have been another store */
	fingerprint_add(&sum, r->place, strlen(r->place));
	fingerprint_add(&sum, e->version, strlen(e->version));
	fingerprint_add(&sum, &e->size, sizeof(e->size));
	fingerprint_add(&sum, &e->modified, sizeof(e->modified));
	fingerprint_finish(&sum, sign);
}

/* ---- reading one ---- */

static void make_row(struct piece *piece, const struct strbuf *text,
		     const char *problem)
{
	struct run_facts facts = { .name = piece->name,
				   .remote = piece->f->r->name,
				   .problem = problem };
	struct strbuf why = STRBUF_INIT, name = STRBUF_INIT;
	struct value *record = NULL;

	strbuf_addf(&name, "%s:%s", piece->f->r->name, piece->name);
	if (!problem && !text->len)
		fail(&why, ERR_CONTENT, "'%s' has no record", name.buf);
	else if (!problem && !record_parse(&record, text->buf, text->len,
					   name.buf, &why))
		record_normalize(record);
	if (why.len)
		facts.problem = why.buf;
	if (facts.problem)
		piece->flags |= INDEX_PROBLEM;
	run_row_build(&piece->row, piece->f->names, record, &facts);
	value_free(record);
	strbuf_release(&name);
	strbuf_release(&why);
}

static void note_failure(struct filling *f, int code, const struct strbuf *err)
{
	pthread_mutex_lock(&f->r->lock);
	if (!f->code) {
		f->code = code;
		strbuf_addbuf(&f->err, err);
	}
	pthread_mutex_unlock(&f->r->lock);
}

static bool has_failed(struct filling *f)
{
	bool failed;

	pthread_mutex_lock(&f->r->lock);
	failed = f->code != 0;
	pthread_mutex_unlock(&f->r->lock);
	return failed;
}

static void read_piece(struct work *work, unsigned worker UNUSED)
{
	struct piece *piece = (struct piece *)work;
	struct filling *f = piece->f;
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	piece->failed = true;
	if (has_failed(f))
		return;
	ret = remote_learn_whole(f->r, piece->exp, &f->limits, &text, &err);
	sign_version(f->r, piece->exp, piece->sign);
	if (!ret || ret == ERR_CONTENT || ret == ERR_CONFLICT) {
		make_row(piece, &text, ret ? err.buf : NULL);
		piece->failed = false;
	} else if (ret != ERR_NOT_FOUND) {
		note_failure(f, ret, &err);
	}
	strbuf_release(&text);
	strbuf_release(&err);
}

/* ---- many ---- */

static size_t gather(const struct piece *piece, size_t nr,
		     struct index_change *out)
{
	size_t changes = 0, i;

	for (i = 0; i < nr; i++) {
		struct index_change *c = &out[changes];

		if (piece[i].exp && piece[i].failed)
			continue;
		memset(c, 0, sizeof(*c));
		c->entry.name = piece[i].name;
		c->gone = !piece[i].exp;
		c->entry.sign = piece[i].sign;
		c->entry.flags = piece[i].flags;
		c->entry.files = "";
		c->entry.row = (const unsigned char *)piece[i].row.buf;
		c->entry.row_len = piece[i].row.len;
		changes++;
	}
	return changes;
}

static int fill_some(struct filling *f, struct piece *piece, size_t nr,
		     struct strbuf *err)
{
	struct index_change *change = xcalloc(nr + 1, sizeof(*change));
	size_t i;
	int ret;

	for (i = 0; i < nr; i++) {
		piece[i].f = f;
		strbuf_init(&piece[i].row);
		if (!piece[i].exp)
			continue;
		piece[i].work.fn = read_piece;
		workers_add(f->workers, &piece[i].work);
		f->read++;
	}
	workers_wait_all(f->workers);
	ret = index_write(f->ix, change, gather(piece, nr, change), err);
	f->damaged = ret == ERR_CONTENT;
	for (i = 0; i < nr; i++)
		strbuf_release(&piece[i].row);
	free(change);
	return ret;
}

struct pieces {
	struct piece *piece;
	size_t nr, alloc;
};

static void add_piece(struct pieces *list, const char *name,
		      struct remote_exp *exp)
{
	ARRAY_GROW(list->piece, list->nr + 1, list->alloc);
	list->piece[list->nr++] = (struct piece){ .name = name, .exp = exp };
}

/* Both are in byte order. */
static void find_changes(struct pieces *out, const struct remote *r,
			 const struct index *ix, struct remote_list *list)
{
	struct index_entry entry = { 0 };
	unsigned char sign[INDEX_SIGN_LEN];
	size_t next = 0, i;

	for (i = 0; i < index_nr_blocks(ix); i++) {
		size_t at = 0;

		while (index_block_next(index_block_at(ix, i), &at, &entry)) {
			int order = 1;

			while (next < list->nr && (order = strcmp(
				       list->exp[next].name, entry.name)) < 0) {
				add_piece(out, list->exp[next].name,
					  &list->exp[next]);
				next++;
			}
			if (next == list->nr || order) {
				add_piece(out, entry.name, NULL);
				continue;
			}
			sign_version(r, &list->exp[next], sign);
			if (memcmp(sign, entry.sign, sizeof(sign)))
				add_piece(out, list->exp[next].name,
					  &list->exp[next]);
			next++;
		}
	}
	for (; next < list->nr; next++)
		add_piece(out, list->exp[next].name, &list->exp[next]);
}

static int fill(struct filling *f, struct remote_list *list,
		struct strbuf *err)
{
	struct pieces pieces = { 0 };
	size_t at;
	int ret = 0;

	find_changes(&pieces, f->r, f->ix, list);
	f->workers = workers_start(workers_with_files(remote_jobs(f->r), 2));
	for (at = 0; !ret && !f->code && at < pieces.nr; at += BATCH)
		ret = fill_some(f, pieces.piece + at,
				MINIMUM(pieces.nr - at, BATCH), err);
	workers_stop(&f->workers);
	free(pieces.piece);
	if (!ret && f->code)
		ret = fail(err, f->code, "%s", f->err.buf);
	return ret;
}

int index_fill_remote(const struct project *p, const char *remote,
		      size_t *read, struct strbuf *err)
{
	struct filling f = { .limits = PACK_LIMITS_INIT, .err = STRBUF_INIT };
	struct remote_list list = REMOTE_LIST_INIT;
	struct strbuf path = STRBUF_INIT;
	int ret = remote_open(&f.r, p, remote, 0, err);

	if (ret)
		return ret;
	f.names = field_names_new();
	ret = pack_limits_fill(&f.limits, err);
	/* A store that never answered has no index, not an empty one. */
	if (!ret)
		ret = remote_list(f.r, &list, err);
	if (!ret)
		ret = index_path(&path, p, remote, true, err);
	if (!ret)
		ret = index_open(&f.ix, path.buf, f.names, err);
	if (!ret)
		ret = fill(&f, &list, err);
	*read += f.read;
	if (f.damaged)
		index_discard(f.ix);
	index_close(f.ix);
	remote_list_release(&list);
	remote_close(f.r);
	field_names_free(f.names);
	strbuf_release(&path);
	strbuf_release(&f.err);
	return ret;
}
