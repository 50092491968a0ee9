/*
 * What lies in the store: one level of it, or all keys that are meant.
 */
#include "lib/base/compat.h"
#include "builtin/bucket.h"

#include "builtin/transfer.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/value.h"

/* ---- the child ---------------------------------------------------------- */

struct reading {
	bucket_entry_fn fn;
	void *data;
};

bool bucket_split(struct strbuf *record, const char *field[3],
		  const char **key, size_t *key_len)
{
	char *at = record->buf, *tab;
	int i;

	for (i = 0; i < 3; i++) {
		field[i] = at;
		tab = strchr(at, '\t');
		if (!tab)
			return false;
		*tab = '\0';
		at = tab + 1;
	}
	*key = at;
	*key_len = record->len - (size_t)(at - record->buf);
	return true;
}

/* "SIZE TAB VERSION TAB MODIFIED TAB KEY" */
static bool split_entry(struct strbuf *text, struct bucket_entry *e)
{
	const char *field[3];

	if (!bucket_split(text, field, &e->key, &e->key_len))
		return false;
	e->is_level = e->key_len && e->key[e->key_len - 1] == '/';
	e->size = strtoumax(field[0], NULL, 10);
	e->version = field[1];
	e->modified = field[2];
	return e->key_len > 0;
}

static void read_entries(FILE *out, void *data)
{
	const struct reading *r = data;
	struct strbuf text = STRBUF_INIT;
	struct bucket_entry e;

	while (strbuf_getdelim(&text, out, '\0') > 0) {
		if (split_entry(&text, &e))
			r->fn(&e, r->data);
		strbuf_reset(&text);
	}
	strbuf_release(&text);
}

/* One of them is NULL. A key may hold anything, so what is read ends in NUL. */
static int read_objects(struct bucket *b, const char *match,
			const char *level, bool packs, bucket_entry_fn fn,
			void *data)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct reading r = { fn, data };

	child.resutil_cmd = 1;
	child.no_stdin = 1;
	strvec_pushl(&child.args, "list-objects", "-z", "--format="
		     "%(size)%t%(version)%t%(modified)%t%(key)", NULL);
	if (b->remote)
		strvec_pushf(&child.args, "--remote=%s", b->remote);
	if (match)
		strvec_pushf(&child.args, "--match=%s", match);
	if (match && packs)
		strvec_push(&child.args, "--packs");
	if (level)
		strvec_pushl(&child.args, "--one-level", "--", level, NULL);
	return transfer_child(&child, &b->signo, read_entries, &r);
}

int bucket_read_store(struct bucket *b, bucket_entry_fn fn, void *data)
{
	return read_objects(b, b->pattern, NULL, b->packs, fn, data);
}

/* ---- rows --------------------------------------------------------------- */

static struct value *get_size(const void *row, void *data UNUSED)
{
	const struct bucket_entry *e = row;

	return e->is_level ? NULL : value_new_int((int64_t)e->size);
}

static struct value *get_version(const void *row, void *data UNUSED)
{
	const struct bucket_entry *e = row;

	return *e->version ? value_new_str(e->version) : NULL;
}

static struct value *get_modified(const void *row, void *data UNUSED)
{
	const struct bucket_entry *e = row;

	return *e->modified ? value_new_str(e->modified) : NULL;
}

static struct value *get_key(const void *row, void *data UNUSED)
{
	const struct bucket_entry *e = row;

	return value_new_text(e->key, e->key_len);
}

static const struct row_field fields[] = {
	{ .name = "size", .help = "bytes", .right = true, .get = get_size },
	{ .name = "version", .help = "says which bytes", .get = get_version },
	{ .name = "modified", .help = "when it was put",
	  .get = get_modified },
	{ .name = "key", .help = "the name in the store", .get = get_key },
	ROW_FIELD_END
};

struct printing {
	struct bucket *b;
	struct rows rows;
	bool dirs_only;		/* --list 'D*' with a '/' behind it */
	struct key_scope scope;	/* of --list: of what is on the level */
	uint64_t nr;
};

static void print_entry(struct printing *p, const struct bucket_entry *e)
{
	struct strbuf line = STRBUF_INIT;

	p->nr++;
	if (p->rows.state) {
		rows_add(&p->rows, e);
		return;
	}
	if (p->rows.nul)
		strbuf_add(&line, e->key, e->key_len);
	else
		quote_c(&line, e->key, e->key_len);
	strbuf_addch(&line, p->rows.nul ? '\0' : '\n');
	out_text(line.buf, line.len);
	strbuf_release(&line);
}

static void begin_rows(struct printing *p)
{
	struct strbuf err = STRBUF_INIT;

	p->rows = p->b->rows;
	p->rows.fields = fields;
	if ((p->rows.json || p->rows.format) && rows_begin(&p->rows, &err))
		die_code(ERR_USAGE, &err);
	strbuf_release(&err);
}

static void end_rows(struct printing *p)
{
	if (p->rows.state)
		rows_end(&p->rows);
}

/* ---- --find ------------------------------------------------------------- */

static void print_found(const struct bucket_entry *e, void *data)
{
	print_entry(data, e);
}

int bucket_find(struct bucket *b)
{
	struct printing p = { .b = b };
	int status;

	begin_rows(&p);
	status = bucket_read_store(b, print_found, &p);
	end_rows(&p);
	return status || p.nr ? status : bucket_tell_nothing(b, false, true);
}

/* ---- --list ------------------------------------------------------------- */

static bool is_literal(const struct bucket *b)
{
	return !b->glob || !strcmp(key_glob_prefix(b->glob), b->pattern);
}

static void print_listed(const struct bucket_entry *e, void *data)
{
	struct printing *p = data;
	size_t len = e->key_len - e->is_level;

	if (e->is_level ? !key_glob_matches(p->scope.glob, e->key, len) :
			  p->dirs_only ||
			  !key_scope_has(&p->scope, e->key, len))
		return;
	print_entry(p, e);
}

/*
 * As ls does it: what is on the level that the pattern's literal directory
 * names, and only that. So a directory is matched by its own name, and a '/'
 * at the end asks for directories; behind a name without wildcards it goes
 * into that one.
 */
int bucket_list(struct bucket *b)
{
	struct printing p = { .b = b, .scope = b->scope };
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct key_glob *glob = NULL;
	int status;

	strbuf_addstr(&text, b->pattern);
	if (!text.len)
		strbuf_addch(&text, '*');
	else if (text.buf[text.len - 1] == '/' && is_literal(b))
		strbuf_addch(&text, '*');
	else if (text.buf[text.len - 1] == '/') {
		p.dirs_only = true;
		strbuf_setlen(&text, text.len - 1);
	}
	if (key_glob_new(&glob, text.buf, &err))
		die_code(ERR_USAGE, &err);
	p.scope.glob = glob;
	begin_rows(&p);
	status = read_objects(b, NULL, b->glob ? key_glob_prefix(b->glob) : "",
			      b->packs, print_listed, &p);
	end_rows(&p);
	if (!status && !p.nr && b->glob)
		status = bucket_tell_nothing(b, false, true);
	key_glob_free(glob);
	strbuf_release(&text);
	strbuf_release(&err);
	return status;
}

/* ---- nothing ------------------------------------------------------------ */

static void count(const struct bucket_entry *e UNUSED, void *data)
{
	++*(uint64_t *)data;
}

static bool is_dir_here(const struct bucket *b)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	bool is;

	strbuf_addf(&path, "%s/%s", b->root ? b->root : ".", b->pattern);
	is = !lstat(path.buf, &st) && S_ISDIR(st.st_mode);
	strbuf_release(&path);
	return is;
}

static bool is_level_there(struct bucket *b)
{
	struct strbuf level = STRBUF_INIT;
	uint64_t nr = 0;
	int status;

	strbuf_addf(&level, "%s/", b->pattern);
	status = read_objects(b, NULL, level.buf, true, count, &nr);
	strbuf_release(&level);
	return !status && nr;
}

static uint64_t count_packs(struct bucket *b)
{
	uint64_t nr = 0;

	if (!b->packs)
		read_objects(b, b->pattern, NULL, true, count, &nr);
	return nr;
}

int bucket_tell_nothing(struct bucket *b, bool here, bool there)
{
	struct strbuf hint = STRBUF_INIT, where = STRBUF_INIT;
	uint64_t nr;

	if (key_glob_is_key(b->glob) && ((here && is_dir_here(b)) ||
					 (there && is_level_there(b))))
		strbuf_addf(&hint, _("; '%s/' means all below"), b->pattern);
	else if (there && (nr = count_packs(b)))
		strbuf_addf(&hint, "; --packs would match %" PRIu64
			    " experiment%s", nr, nr == 1 ? "" : "s");
	strbuf_addf(&where, "%s%s", here ? " here" : "",
		    here && there ? " or" : "");
	if (there)
		strbuf_addf(&where, " in '%s'", b->where.buf);
	error("nothing matches '%s'%s%s", b->pattern, where.buf, hint.buf);
	strbuf_release(&where);
	strbuf_release(&hint);
	return EXIT_NOT_FOUND;
}
