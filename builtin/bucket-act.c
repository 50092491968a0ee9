/*
 * What is done for one pattern: by the child sync-keys, which tells a line for
 * each key. Here these become sentences, and a sum.
 */
#include "lib/base/compat.h"
#include "builtin/bucket.h"

#include "builtin/transfer.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/tempfile.h"
#include "lib/base/term.h"

#define SHOWN_KEYS 20
#define SAID_MAX_BYTES (1u << 20)

/* In the order of enum bucket_action. */
static const struct words {
	const char *option;
	const char *line, *plan;	/* with the key */
	const char *sum, *plan_sum;	/* with how many */
	const char *one, *many;		/* the question; NULL: is not asked */
	bool is_there;			/* the bytes are those in the store */
} all_words[] = {
	{ "--download", "Downloaded %s\n", "Would download %s\n",
	  "%" PRIu64 " downloaded", "%" PRIu64 " to download",
	  NULL, NULL, true },
	{ "--upload", "Uploaded %s\n", "Would upload %s\n",
	  "%" PRIu64 " uploaded", "%" PRIu64 " to upload",
	  NULL, NULL, false },
	{ "--remove", "Removed %s\n", "Would remove %s\n",
	  "%" PRIu64 " removed", "%" PRIu64 " to remove",
	  "Remove this object (%s) from '%s'?",
	  "Remove these %" PRIu64 " objects (%s) from '%s'?", true },
	{ "--delete", "Deleted %s\n", "Would delete %s\n",
	  "%" PRIu64 " deleted", "%" PRIu64 " to delete",
	  "Delete this file (%s) here?",
	  "Delete these %" PRIu64 " files (%s) here?", false }
};

/* ---- keys that wait ----------------------------------------------------- */

void bucket_keys_add(struct bucket_keys *k, const char *key, size_t len,
		     uint64_t size)
{
	struct strbuf err = STRBUF_INIT;
	int fd;

	if (!k->file) {
		if (tempfile_unnamed(&fd, NULL, &err))
			die_code(ERR_FAILED, &err);
		k->file = fdopen(fd, "w+");
	}
	if (!k->file || fwrite(key, 1, len + 1, k->file) != len + 1)
		die("cannot note what was found: %s", strerror(errno));
	k->nr++;
	k->bytes += size;
	strbuf_release(&err);
}

void bucket_keys_release(struct bucket_keys *k)
{
	if (k->file)
		fclose(k->file);
	memset(k, 0, sizeof(*k));
}

/* For a child, from the beginning. */
static int keys_fd(struct bucket_keys *k)
{
	int fd;

	if (fflush(k->file) || fseek(k->file, 0, SEEK_SET))
		die("cannot note what was found: %s", strerror(errno));
	fd = fcntl(fileno(k->file), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		die("cannot pass on what was found: %s", strerror(errno));
	return fd;
}

/* ---- the child ---------------------------------------------------------- */

/* only: the keys that it is about; NULL: all that the pattern means. */
static void begin_child(struct child_process *child, const struct bucket *b,
			enum bucket_action action, bool dry_run,
			struct bucket_keys *only)
{
	struct strvec *args = &child->args;

	child->resutil_cmd = 1;
	strvec_pushl(args, "sync-keys", all_words[action].option, NULL);
	if (b->remote)
		strvec_pushf(args, "--remote=%s", b->remote);
	if (b->root)
		strvec_pushf(args, "--root=%s", b->root);
	if (b->packs)
		strvec_push(args, "--packs");
	if (b->keep)
		strvec_push(args, "--keep");
	if (dry_run)
		strvec_push(args, "--dry-run");
	if (b->jobs)
		strvec_pushf(args, "--jobs=%d", b->jobs);
	if (b->limit_rate)
		strvec_pushf(args, "--limit-rate=%s", b->limit_rate);
	if (only && only->file) {
		child->in = keys_fd(only);
		strvec_push(args, "--stdin");
	} else {
		child->no_stdin = 1;
	}
}

/* "STATUS TAB SIZE_HERE TAB SIZE_THERE TAB KEY" */
struct line {
	const char *status, *key;
	size_t key_len;
	uint64_t here, there;	/* "-" is 0 */
};

static bool split_line(struct strbuf *text, struct line *l)
{
	const char *field[3];

	if (!bucket_split(text, field, &l->key, &l->key_len))
		return false;
	l->status = field[0];
	l->here = strtoumax(field[1], NULL, 10);
	l->there = strtoumax(field[2], NULL, 10);
	return true;
}

struct told {
	const struct bucket *b;
	const struct words *words;
	uint64_t moved, same, kept, failed, bytes;
	struct bucket_keys *keys;	/* of a plan: noted, not told */
	uint64_t shown;
	struct strbuf first[SHOWN_KEYS];
};

static bool is(const struct line *l, const char *status)
{
	return !strcmp(l->status, status);
}

static void tell_line(const struct told *t, const struct line *l)
{
	struct strbuf key = STRBUF_INIT;

	if (verbosity < 0)
		return;
	quote_c(&key, l->key, l->key_len);
	term_take_line();
	out_printf(t->b->dry_run ? t->words->plan : t->words->line, key.buf);
	out_flush();
	strbuf_release(&key);
}

static void note_line(struct told *t, const struct line *l, uint64_t bytes)
{
	bucket_keys_add(t->keys, l->key, l->key_len, bytes);
	if (t->shown < SHOWN_KEYS)
		quote_c(&t->first[t->shown++], l->key, l->key_len);
}

static void take_line(struct told *t, const struct line *l)
{
	uint64_t bytes = t->words->is_there ? l->there : l->here;

	if (is(l, "same")) {
		t->same++;
	} else if (is(l, "kept")) {
		t->kept++;
	} else if (is(l, "failed")) {
		t->failed++;
	} else {
		t->moved++;
		t->bytes += bytes;
		if (t->keys)
			note_line(t, l, bytes);
		else
			tell_line(t, l);
	}
}

static void read_lines(FILE *out, void *data)
{
	struct strbuf text = STRBUF_INIT;
	struct line l;

	while (strbuf_getdelim(&text, out, '\0') > 0) {
		if (split_line(&text, &l))
			take_line(data, &l);
		strbuf_reset(&text);
	}
	strbuf_release(&text);
}

static void tell_sum(const struct told *t)
{
	struct strbuf text = STRBUF_INIT;

	if (verbosity < 0)
		return;
	strbuf_addf(&text, t->b->dry_run ? t->words->plan_sum : t->words->sum,
		    t->moved);
	if (t->same)
		strbuf_addf(&text, _(", %" PRIu64 " the same"), t->same);
	if (t->kept)
		strbuf_addf(&text, _(", %" PRIu64 " kept as %s"), t->kept,
			    t->kept == 1 ? _("it is") : _("they are"));
	if (t->failed)
		strbuf_addf(&text, _(", %" PRIu64 " not done"), t->failed);
	if (t->moved) {
		strbuf_addstr(&text, ", ");
		size_format(&text, t->bytes);
	}
	term_take_line();
	out_printf("%s\n", text.buf);
	strbuf_release(&text);
}

/* ---- what is here ------------------------------------------------------- */

struct reading {
	bucket_entry_fn fn;
	void *data;
};

static void read_here(FILE *out, void *data)
{
	const struct reading *r = data;
	struct strbuf text = STRBUF_INIT;
	struct bucket_entry e = { .version = "", .modified = "" };
	struct line l;

	while (strbuf_getdelim(&text, out, '\0') > 0) {
		if (split_line(&text, &l)) {
			e.key = l.key;
			e.key_len = l.key_len;
			e.size = l.here;
			r->fn(&e, r->data);
		}
		strbuf_reset(&text);
	}
	strbuf_release(&text);
}

/* What the child has said goes into a file first: that there is nothing is an
 * error to it alone. */
int bucket_read_here(struct bucket *b, bucket_entry_fn fn, void *data)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT, said = STRBUF_INIT;
	struct reading r = { fn, data };
	int fd, status;

	if (tempfile_unnamed(&fd, NULL, &err))
		die_code(ERR_FAILED, &err);
	begin_child(&child, b, BUCKET_DELETE, true, NULL);
	strvec_pushl(&child.args, "-z", "--", b->pattern, NULL);
	child.err = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	status = transfer_child(&child, &b->signo, read_here, &r);
	if (status == EXIT_NOT_FOUND)
		status = 0;
	else if (lseek(fd, 0, SEEK_SET) == 0 &&
		 !strbuf_read_fd(&said, fd, SAID_MAX_BYTES))
		fputs(said.buf, stderr);
	close(fd);
	strbuf_release(&said);
	strbuf_release(&err);
	return status;
}

/* ---- for programs, and for people --------------------------------------- */

/* What a program reads comes from the child as it is. */
static int run_for_program(struct bucket *b, enum bucket_action action)
{
	struct child_process child = CHILD_PROCESS_INIT;

	begin_child(&child, b, action, b->dry_run, NULL);
	if (b->rows.json)
		strvec_push(&child.args, "--json");
	if (b->rows.format)
		strvec_pushf(&child.args, "--format=%s", b->rows.format);
	if (b->rows.nul)
		strvec_push(&child.args, "-z");
	strvec_pushl(&child.args, "--", b->pattern, NULL);
	out_flush();
	return transfer_child(&child, &b->signo, NULL, NULL);
}

static int run(struct bucket *b, enum bucket_action action, bool dry_run,
	       struct told *t, struct bucket_keys *only)
{
	struct child_process child = CHILD_PROCESS_INIT;

	t->b = b;
	t->words = &all_words[action];
	begin_child(&child, b, action, dry_run, only);
	strvec_push(&child.args, "-z");
	strvec_pushl(&child.args, "--", b->pattern, NULL);
	return transfer_child(&child, &b->signo, read_lines, t);
}

int bucket_run(struct bucket *b, enum bucket_action action,
	       struct bucket_keys *only)
{
	struct told t = { .b = b };
	int status;

	if (b->rows.json || b->rows.format || b->rows.nul)
		return run_for_program(b, action);
	status = run(b, action, b->dry_run, &t, only);
	/* Where nothing could be done, that has been said. */
	if (!status || t.moved || t.same || t.kept || t.failed)
		tell_sum(&t);
	return status;
}

/* ---- the question ------------------------------------------------------- */

bool bucket_confirm(const struct bucket *b, enum bucket_action action,
		    const struct bucket_keys *k)
{
	const struct words *w = &all_words[action];
	struct strbuf size = STRBUF_INIT, question = STRBUF_INIT;
	bool yes;

	if (b->yes || !w->one)
		return true;
	size_format(&size, k->bytes);
	if (k->nr == 1)
		strbuf_addf(&question, w->one, size.buf, b->where.buf);
	else
		strbuf_addf(&question, w->many, k->nr, size.buf, b->where.buf);
	yes = ask_yes_no(question.buf, false);
	if (!yes)
		say(action == BUCKET_REMOVE ? _("Nothing was removed.") :
					      _("Nothing was deleted."));
	strbuf_release(&question);
	strbuf_release(&size);
	return yes;
}

/* What would go, told and asked about; `keys` gets it. */
static int ask(struct bucket *b, enum bucket_action action,
	       struct bucket_keys *keys)
{
	struct told t = { .b = b, .keys = keys };
	uint64_t i;
	int status;

	for (i = 0; i < SHOWN_KEYS; i++)
		strbuf_init(&t.first[i]);
	status = run(b, action, true, &t, NULL);
	for (i = 0; !status && i < t.shown; i++)
		say("  %s", t.first[i].buf);
	if (!status && t.moved > t.shown)
		say(_("  ... and %" PRIu64 " more"), t.moved - t.shown);
	if (!status && !bucket_confirm(b, action, keys))
		status = EXIT_NO;
	for (i = 0; i < SHOWN_KEYS; i++)
		strbuf_release(&t.first[i]);
	return status;
}

int bucket_act(struct bucket *b, enum bucket_action action)
{
	struct bucket_keys keys = { NULL, 0, 0 };
	int status = 0;

	if (all_words[action].one && !b->yes && !b->dry_run)
		status = ask(b, action, &keys);
	if (!status)
		status = bucket_run(b, action, keys.file ? &keys : NULL);
	bucket_keys_release(&keys);
	return status;
}
