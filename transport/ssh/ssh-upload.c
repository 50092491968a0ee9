/*
 * Large objects: a temporary file there takes pieces, each of which is hashed
 * there, by reading it back, while the next one comes. All requests of an
 * upload go by one session and are sent one behind the other, without waiting
 * for answers; these say one by one how far it came. While a piece is sent by
 * another thread, the next is read and hashed here.
 *
 * The order of writes: the temporary is made; its name is noted durably;
 * pieces; it is synced, and shown by its last name; the note is taken away.
 * Who dies before the note leaves a temporary that is a rest after a day.
 *
 * Memory: all uploads of the process together have BUFFERS_MAX bytes of
 * buffers; each waits for its first, and has a second while there is room.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/gate.h"
#include "lib/base/trace.h"
#include "lib/base/workers.h"
#include "transport/object.h"
#include "transport/ssh/ssh-put.h"

#define BUFFERS_MAX ((uint64_t)64 << 20)
#define SLOTS 2

struct upload;

struct slot {
	struct work work;		/* first */
	struct upload *upload;
	char *buf;			/* a piece, and one byte */
	size_t len;
	uint64_t number;		/* of the piece */
	int ret;			/* of sending it, and why */
	struct strbuf why;
};

struct upload {
	struct ssh_store *store;
	const struct put_request *request;
	struct strbuf *first;		/* read, and not taken yet */
	struct workers *workers;
	struct slot slot[SLOTS];
	size_t piece;			/* bytes */

	struct ssh_call call;
	bool calling;			/* the call was begun */
	struct ssh_facts facts;
	struct ssh_noted noted;
	bool made;			/* there is a temporary there */
	bool saved;			/* ... that was noted */

	uint64_t pos;			/* bytes read */
	struct strvec hash;		/* of each piece */
	uint64_t answered;		/* pieces that are known to be there */
	uint64_t held;			/* ... by an earlier put, or compared */
	bool ended;			/* the source has */
	bool own;			/* the source has failed */
	bool differs;			/* what is there is something else */
	bool lost;			/* somebody else has the temporary */
};

/* ---- the source --------------------------------------------------------- */

static int read_some(struct upload *u, char *buf, size_t len, size_t *got,
		     struct strbuf *err)
{
	struct put_source *source = u->request->source;
	int ret;

	if (!u->first->len) {
		ret = source->read(source, buf, len, got, err);
		u->own |= ret != 0;
		return ret;
	}
	*got = MINIMUM(len, u->first->len);
	memcpy(buf, u->first->buf, *got);
	/* Its memory is of use to others while the rest is sent. */
	if (*got == u->first->len)
		strbuf_release(u->first);
	else
		strbuf_splice(u->first, 0, *got, "", 0);
	return 0;
}

static int check_size(struct upload *u, struct strbuf *err)
{
	uint64_t size = u->request->source->size;

	if (size == OBJECT_SIZE_UNKNOWN ||
	    (u->pos <= size && (!u->ended || u->pos == size)))
		return 0;
	u->own = true;
	return put_source_fail_size(u->request, u->pos, u->ended, err);
}

/* The next piece and its hash; slot->len 0: nothing is left. */
static int fill(struct upload *u, struct slot *slot, struct strbuf *err)
{
	struct strbuf hash = STRBUF_INIT;
	size_t got = 1;
	int ret = 0;

	slot->len = 0;
	slot->number = u->hash.nr;
	while (!ret && got && slot->len < u->piece) {
		ret = read_some(u, slot->buf + slot->len, u->piece - slot->len,
				&got, err);
		if (!ret)
			slot->len += got;
	}
	if (ret)
		return ret;
	u->ended = !got;
	u->pos += slot->len;
	ret = check_size(u, err);
	if (!ret && slot->len)
		ret = ssh_hash(&hash, &u->facts, slot->buf, slot->len, err);
	if (!ret && slot->len)
		strvec_push(&u->hash, hash.buf);
	strbuf_release(&hash);
	return ret;
}

/* ---- answers ------------------------------------------------------------ */

static int fail_lost(struct upload *u, struct strbuf *err)
{
	u->lost = true;
	if (err)
		strbuf_reset(err);
	return fail(err, ERR_TRANSIENT, "somebody else went on with what was "
		    "sent of '%s'", u->request->key);
}

/* "NUMBER HASH" of the next piece. */
static int take_answer(struct upload *u, struct strbuf *err)
{
	const struct put_request *r = u->request;
	const char *rest, *blank;
	uint64_t number;
	int ret = ssh_call_answer(&u->call, &rest, err);

	if (ret) {
		/* It takes no more of us, and says no more. */
		u->call.broken = true;
		return ret == ERR_NOT_FOUND ? fail_lost(u, err) : ret;
	}
	number = strtoull(rest, NULL, 10);
	blank = strchr(rest, ' ');
	if (number != u->answered || !blank || number >= u->hash.nr) {
		u->call.broken = true;
		return fail(err, ERR_CONTENT, "'%s' tells of another part of "
			    "'%s' than was sent", u->store->base.url, r->key);
	}
	u->answered++;
	if (strcmp(blank + 1, u->hash.v[number])) {
		u->differs = true;
		return fail(err, ERR_TRANSIENT, "'%s' holds other bytes of "
			    "'%s' than were sent", u->store->base.url, r->key);
	}
	if (r->stored)
		r->stored(r->data, MINIMUM(u->answered * u->piece, u->pos));
	return 0;
}

/* Those that are there by now; all: of all pieces. */
static int take_answers(struct upload *u, bool all, struct strbuf *err)
{
	int ret = 0;

	while (!ret && u->answered < u->hash.nr &&
	       (all || ssh_call_is_answered(&u->call)))
		ret = take_answer(u, err);
	return ret;
}

/* ---- pieces ------------------------------------------------------------- */

static struct gate buffers = GATE_INIT(buffers, BUFFERS_MAX);

static size_t piece_size(void)
{
	const char *text = getenv("RESUTIL_TEST_SSH_PIECE");
	unsigned long long size = text ? strtoull(text, NULL, 10) : 0;

	if (size && size <= SSH_UPLOAD_PIECE && size % 65536 == 0)
		return (size_t)size;
	return SSH_UPLOAD_PIECE;
}

static void send_piece(struct work *work, unsigned worker UNUSED)
{
	struct slot *slot = (struct slot *)work;
	struct upload *u = slot->upload;
	struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "more %zu\n", slot->len);
	slot->ret = ssh_call_data(&u->call, line.buf, line.len, &slot->why);
	if (!slot->ret)
		slot->ret = ssh_call_data(&u->call, slot->buf, slot->len,
					  &slot->why);
	strbuf_reset(&line);
	strbuf_addf(&line, "seal %" PRIu64 " %zu\n", slot->number, u->piece);
	if (!slot->ret)
		slot->ret = ssh_call_data(&u->call, line.buf, line.len,
					  &slot->why);
	strbuf_release(&line);
}

static void take_slot(struct upload *u, struct slot *slot)
{
	slot->work.fn = send_piece;
	slot->upload = u;
	slot->buf = xmalloc(u->piece);
}

/* The one that is not sent now; the same: there is no room for another. */
static struct slot *other_slot(struct upload *u, struct slot *slot)
{
	struct slot *other = &u->slot[slot == &u->slot[0]];

	if (!other->buf) {
		if (!gate_try(&buffers, u->piece))
			return slot;
		take_slot(u, other);
	}
	return other;
}

static int collect(struct upload *u, struct slot **sent, struct strbuf *err)
{
	struct slot *slot = *sent;
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	*sent = NULL;
	if (!slot)
		return 0;
	workers_wait(u->workers, &slot->work);
	/* What was answered says more than that the session has ended. */
	ret = take_answers(u, false, &why);
	if (ret && (!slot->ret || ret != ERR_TRANSIENT))
		fail(err, ret, "%s", why.buf);
	else if (slot->ret)
		ret = fail(err, slot->ret, "%s", slot->why.buf);
	strbuf_release(&why);
	return ret;
}

/* What is there already is compared, and not sent. */
static int give(struct upload *u, struct slot *slot, struct slot **sent,
		struct strbuf *err)
{
	int ret;

	if (slot->number < u->held) {
		ret = take_answer(u, err);
		if (!ret && u->request->resume)
			u->request->resume->held += slot->len;
		return ret;
	}
	slot->ret = 0;
	strbuf_reset(&slot->why);
	workers_add(u->workers, &slot->work);
	*sent = slot;
	return 0;
}

static int send_all(struct upload *u, struct strbuf *err)
{
	struct slot *slot = &u->slot[0], *sent = NULL;
	struct strbuf why = STRBUF_INIT;
	int ret = 0, code;

	while (!ret && !u->ended) {
		code = fill(u, slot, &why);
		ret = collect(u, &sent, err);
		/* That the source fails is the end, whatever the host says. */
		if (code) {
			strbuf_reset(err);
			ret = fail(err, code, "%s", why.buf);
		}
		if (!ret && slot->len)
			ret = give(u, slot, &sent, err);
		if (sent)
			slot = other_slot(u, slot);
		if (sent == slot)
			ret = collect(u, &sent, err);
	}
	code = collect(u, &sent, ret ? NULL : err);
	if (!ret)
		ret = code;
	/* More is there than comes now. */
	if (!ret && u->hash.nr < u->held) {
		u->differs = true;
		ret = fail(err, ERR_TRANSIENT, "'%s' is not what was sent "
			   "before", u->request->key);
	}
	if (!ret)
		ret = take_answers(u, true, err);
	strbuf_release(&why);
	return ret;
}

/* ---- begin, go on, end --------------------------------------------------- */

static int begin_call(struct upload *u, const char *function,
		      struct strbuf *err)
{
	const struct put_request *r = u->request;
	int ret = ssh_call_begin(&u->call, u->store, function, "put", r->key,
				 err);

	if (ret)
		return ret;
	u->calling = true;
	ssh_get_facts(u->store, &u->facts);
	ssh_call_expect(&u->call, r);
	return 0;
}

static void end_call(struct upload *u)
{
	if (u->calling)
		ssh_call_end(&u->call, 0);
	u->calling = false;
}

static void drop_note(struct upload *u)
{
	struct put_resume *resume = u->request->resume;
	struct strbuf why = STRBUF_INIT;

	if (resume && resume->state && resume->save(resume, NULL, &why))
		trace_printf("upload of %s: %s", u->request->key, why.buf);
	u->saved = false;
	strbuf_release(&why);
}

static void save_note(struct upload *u)
{
	struct strbuf why = STRBUF_INIT;

	if (!u->request->resume)
		return;
	u->saved = !ssh_state_save(&u->noted, u->request, &why);
	/* No room for a note is no reason not to send. */
	if (!u->saved)
		trace_printf("upload of %s: %s", u->request->key, why.buf);
	strbuf_release(&why);
}

static int begin(struct upload *u, struct strbuf *err)
{
	const char *rest;
	int ret = ssh_temporary_make(&u->noted.temporary, err);

	if (!ret)
		ret = begin_call(u, "upload", err);
	if (ret)
		return ret;
	ssh_call_word(&u->call, u->noted.temporary.hex);
	ssh_call_word(&u->call, u->request->resume ? "yes" : "");
	u->noted.segment = u->piece;
	snprintf(u->noted.sum, sizeof(u->noted.sum), "%s", u->facts.sum);
	ret = ssh_call_ask(&u->call, &rest, err);
	if (!ret) {
		u->made = true;
		save_note(u);
	}
	return ret;
}

/* "none", or "PIECES NAME": how many whole ones are there, under what name. */
static int take_held(struct upload *u, const char *rest, struct strbuf *err)
{
	char *end;
	uint64_t held = strtoull(rest, &end, 10);

	if (!strcmp(rest, "none"))
		return ERR_NO;
	if (end == rest || *end != ' ' ||
	    !ssh_temporary_read(&u->noted.temporary, end + 1)) {
		u->call.broken = true;
		return fail(err, ERR_CONTENT, "'%s' says nothing of what it "
			    "holds of '%s'", u->store->base.url,
			    u->request->key);
	}
	u->held = held;
	u->made = true;
	save_note(u);
	trace_printf("upload of %s: %" PRIu64 " bytes are there",
		     u->request->key, held * u->piece);
	return 0;
}

/* ERR_NO: there is nothing to go on with. */
static int look_at_old(struct upload *u, struct strbuf *err)
{
	struct put_resume *resume = u->request->resume;
	struct ssh_temporary other;
	const char *rest;
	int ret;

	if (ssh_state_read(&u->noted, u->request->key, resume->state, NULL))
		return ERR_NO;
	ret = ssh_temporary_make(&other, err);
	if (!ret)
		ret = begin_call(u, "go_on", err);
	if (ret)
		return ret;
	if (resume->stale || u->noted.segment != u->piece ||
	    strcmp(u->noted.sum, u->facts.sum)) {
		end_call(u);
		ret = ssh_withdraw(&u->store->base, u->request->key,
				   resume->state, err);
		return ret ? ret : ERR_NO;
	}
	ssh_call_word(&u->call, u->noted.temporary.hex);
	ssh_call_word(&u->call, other.hex);
	ssh_call_number(&u->call, u->piece);
	ret = ssh_call_ask(&u->call, &rest, err);
	return ret ? ret : take_held(u, rest, err);
}

static int go_on(struct upload *u, struct strbuf *err)
{
	struct put_resume *resume = u->request->resume;
	int ret;

	if (!resume || !resume->state)
		return 0;
	ret = look_at_old(u, err);
	if (ret != ERR_NO)
		return ret;
	end_call(u);
	resume->stale = false;
	drop_note(u);
	return 0;
}

/* Everything is there, and was compared. */
static int finish(struct upload *u, struct object *out, struct strbuf *err)
{
	struct ssh_call *c = &u->call;
	const char *rest;
	int ret;

	strbuf_reset(&c->line);
	strbuf_addstr(&c->line, "close_upload");
	ssh_call_expect(c, u->request);
	ssh_call_number(c, u->pos);
	ret = ssh_call_ask(c, &rest, err);
	if (ret == ERR_NOT_FOUND)
		return fail_lost(u, err);
	if (!ret)
		ret = ssh_put_done(c, rest, u->pos, out, err);
	return ret;
}

static bool is_worth_keeping(const struct upload *u, int code)
{
	return u->saved && !u->lost && !u->differs &&
	       (code == ERR_TRANSIENT || code == ERR_UNREACHABLE ||
		(code == ERR_CREDENTIALS && !u->own));
}

/* The temporary goes, by this session when it listens, else by another. */
static void give_away(struct upload *u)
{
	struct put_resume *resume = u->request->resume;
	struct strbuf why = STRBUF_INIT;
	const char *rest;

	if (u->calling && !u->call.broken && !u->differs && u->made &&
	    !take_answers(u, true, &why)) {
		strbuf_reset(&u->call.line);
		strbuf_addstr(&u->call.line, "give_away");
		ssh_call_ask(&u->call, &rest, &why);
	} else if (u->calling) {
		u->call.broken = true;
		end_call(u);
		if (u->made && resume && resume->state)
			ssh_withdraw(&u->store->base, u->request->key,
				     resume->state, &why);
	}
	strbuf_release(&why);
}

static void end(struct upload *u, int code)
{
	if (code && is_worth_keeping(u, code)) {
		u->call.broken = true;
	} else if (code) {
		if (code != ERR_UNREACHABLE && code != ERR_TRANSIENT)
			give_away(u);
		else
			u->call.broken = true;
		drop_note(u);
	} else {
		drop_note(u);
	}
	end_call(u);
}

/* What was there, or came, is something else: all from the beginning, once. */
static int begin_anew(struct upload *u, struct strbuf *err)
{
	struct put_source *source = u->request->source;
	int ret;

	trace_printf("upload of %s begins anew", u->request->key);
	give_away(u);
	drop_note(u);
	if (u->request->resume)
		u->request->resume->held = 0;
	strbuf_release(u->first);
	strvec_clear(&u->hash);
	u->pos = u->answered = u->held = 0;
	u->ended = u->differs = u->made = false;
	ret = source->open(source, 0, err);
	u->own |= ret != 0;
	return ret ? ret : begin(u, err);
}

static int put_pieces(struct upload *u, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = go_on(u, err);

	if (!ret && !u->calling)
		ret = begin(u, err);
	if (ret)
		return ret;
	gate_enter(&buffers, u->piece);
	take_slot(u, &u->slot[0]);
	u->workers = workers_start(2);
	ret = send_all(u, &why);
	if (ret && u->differs && !u->own && u->request->source->open) {
		strbuf_reset(&why);
		ret = begin_anew(u, &why);
		if (!ret)
			ret = send_all(u, &why);
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static void release(struct upload *u)
{
	size_t i;

	workers_stop(&u->workers);
	for (i = 0; i < SLOTS; i++) {
		if (u->slot[i].buf)
			gate_leave(&buffers, u->piece);
		free(u->slot[i].buf);
		strbuf_release(&u->slot[i].why);
	}
	strvec_release(&u->hash);
}

int ssh_upload(struct ssh_store *s, const struct put_request *r,
	       struct strbuf *first, struct object *out, struct strbuf *err)
{
	struct upload u = {
		.store = s, .request = r, .first = first,
		.piece = piece_size(), .hash = STRVEC_INIT,
		.slot = { { .why = STRBUF_INIT }, { .why = STRBUF_INIT } },
	};
	int ret = put_pieces(&u, err);

	if (!ret)
		ret = finish(&u, out, err);
	end(&u, ret);
	release(&u);
	return ret;
}

int ssh_withdraw(struct transport *t, const char *key, const char *state,
		 struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	struct ssh_noted noted;
	struct ssh_call c;
	const char *rest;
	int ret;

	ret = ssh_check_key(s, key, err);
	if (!ret)
		ret = ssh_state_read(&noted, key, state, err);
	if (!ret)
		ret = ssh_call_begin(&c, s, "withdraw", "put", key, err);
	if (ret)
		return ret;
	ssh_call_key(&c, key);
	ssh_call_word(&c, noted.temporary.hex);
	ret = ssh_call_ask(&c, &rest, err);
	return ssh_call_end(&c, ret);
}
