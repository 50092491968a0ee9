/*
 * The file: one line a project, the path of its directory (C-quoted where it
 * must be), a TAB, and the sections as compact JSON, or `*` and a random mark
 * that lies in .resutil of a project which `init` made. The text itself rather
 * than a hash of it: that needs no library, and no two texts are the same.
 */
#include "lib/base/compat.h"
#include "lib/exp/trust.h"

#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/settings.h"
#include "lib/exp/record.h"
#include "lib/wrap/json.h"

#define TRUST_MAX_BYTES (16u << 20)
#define SECTIONS_MAX_BYTES (64u << 10)

/* In .resutil, which git ignores: a clone has none, or a wrong one. */
#define MARK_FILE "made-here"
#define MARK_MAX_BYTES 64

static const char *const sections[] = { "hooks", "meta" };

static int trusted_path(struct strbuf *out, struct strbuf *err)
{
	int ret = path_xdg(out, "XDG_DATA_HOME", ".local/share", err);

	if (!ret)
		strbuf_addstr(out, "/trusted");
	return ret;
}

/* `gpu: no` runs nothing. */
static bool is_switch(const struct value *value)
{
	const char *text = value_text(value);
	bool yes;

	return value->type == VALUE_BOOL || value->type == VALUE_NULL ||
	       (text && settings_parse_bool(text, &yes));
}

static bool runs_something(const struct value *section)
{
	size_t i;

	if (!section || section->type == VALUE_NULL)
		return false;
	if (section->type != VALUE_MAP)
		return true;
	for (i = 0; i < section->u.map.nr; i++)
		if (!is_switch(section->u.map.pair[i].value))
			return true;
	return false;
}

/* Returns false when there is nothing to trust. */
static bool get_sections(const struct project *p, struct strbuf *out)
{
	struct value *map = value_new_map();
	bool needed = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct value *v = value_map_get(p->conf, sections[i]);

		if (!v || v->type == VALUE_NULL)
			continue;
		value_map_set(map, sections[i], value_copy(v));
		needed = needed || runs_something(v);
	}
	json_write(out, map);
	value_free(map);
	return needed;
}

/* ---- the mark of init --------------------------------------------------- */

static bool is_mine(const char *path, bool follow)
{
	struct stat st;

	return !(follow ? stat(path, &st) : lstat(path, &st)) &&
	       st.st_uid == geteuid();
}

/* Whether the conf, a link to it included, can only be what the user wrote:
 * who may put another file in its place becomes its owner. */
static bool mark_holds(const struct project *p, const char *mark)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	bool holds;

	strbuf_addf(&path, "%s/.resutil/" MARK_FILE, p->root);
	holds = !read_own_file(&text, path.buf, MARK_MAX_BYTES, NULL) &&
		is_mine(path.buf, false) && is_mine(p->conf_path, false) &&
		is_mine(p->conf_path, true);
	strbuf_trim(&text);
	holds = holds && record_is_id(text.buf) && !strcmp(text.buf, mark);
	strbuf_release(&path);
	strbuf_release(&text);
	return holds;
}

static int make_mark(const struct project *p, struct strbuf *mark,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret = project_private(p, MARK_FILE, &path, err);

	record_new_id(mark);
	strbuf_addf(&text, "%s\n", mark->buf);
	if (!ret)
		ret = write_file_atomic(path.buf, text.buf, text.len, 0600, 0,
					err);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

/* ---- the file ----------------------------------------------------------- */

/* Only what nobody else could have written counts. */
static int read_trusted(struct strbuf *out, const char *path,
			struct strbuf *err)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 :
		       fail_errno(err, "cannot look at '%s'", path);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return fail(err, ERR_CONTENT, "'%s' is not used, for others "
			    "could have written it; remove it, or make it "
			    "yours alone with 'chmod 600'", path);
	return read_own_file(out, path, TRUST_MAX_BYTES, err);
}

/* The line of `root` in the text: its rest behind the TAB, lent. */
static const char *find_line(const struct strbuf *text, const char *root,
			     size_t *start, size_t *len)
{
	struct strbuf key = STRBUF_INIT;
	const char *line = text->buf, *found = NULL;

	quote_c(&key, root, strlen(root));
	strbuf_addch(&key, '\t');
	while (*line && !found) {
		size_t size = strcspn(line, "\n");

		if (size >= key.len && !memcmp(line, key.buf, key.len)) {
			found = line + key.len;
			*start = (size_t)(line - text->buf);
			*len = size;
		}
		line += size + (line[size] == '\n');
	}
	strbuf_release(&key);
	return found;
}

static bool line_allows(const struct project *p, const char *rest, size_t len,
			const struct strbuf *now)
{
	struct strbuf said = STRBUF_INIT;
	bool allows;

	strbuf_add(&said, rest, len);
	allows = *said.buf == '*' ? mark_holds(p, said.buf + 1) :
				    !strcmp(said.buf, now->buf);
	strbuf_release(&said);
	return allows;
}

enum trust trust_of(const struct project *p)
{
	struct strbuf now = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf text = STRBUF_INIT;
	enum trust ret = TRUST_NO;
	const char *rest;
	size_t start, len;

	if (!get_sections(p, &now)) {
		ret = TRUST_NOTHING;
		goto cleanup;
	}
	if (trusted_path(&path, NULL) || read_trusted(&text, path.buf, NULL))
		goto cleanup;
	rest = find_line(&text, p->root, &start, &len);
	if (rest)
		ret = line_allows(p, rest, len - (size_t)
				  (rest - text.buf - start), &now) ?
		      TRUST_YES : TRUST_CHANGED;

cleanup:
	strbuf_release(&now);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

bool trust_allows(const struct project *p)
{
	return trust_of(p) == TRUST_YES;
}

const char *trust_word(enum trust trust)
{
	static const char *const words[] = {
		[TRUST_NOTHING] = "nothing", [TRUST_YES] = "yes",
		[TRUST_NO] = "no", [TRUST_CHANGED] = "changed",
	};

	return words[trust];
}

static void describe(struct strbuf *out, const struct value *value)
{
	const struct value *argv = value;
	struct strvec words = STRVEC_INIT;
	size_t i;

	if (value->type == VALUE_MAP && value_map_get(value, "argv"))
		argv = value_map_get(value, "argv");
	if (argv->type != VALUE_LIST) {
		value_format(out, argv);
		return;
	}
	for (i = 0; i < argv->u.list.nr; i++) {
		struct strbuf word = STRBUF_INIT;

		value_format(&word, argv->u.list.item[i]);
		strvec_push(&words, word.buf);
		strbuf_release(&word);
	}
	quote_shell_argv(out, words.v);
	strvec_release(&words);
}

void trust_list(const struct project *p, struct strvec *out)
{
	struct strbuf text = STRBUF_INIT;
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct value *v = value_map_get(p->conf, sections[i]);

		for (k = 0; v && v->type == VALUE_MAP && k < v->u.map.nr; k++) {
			const struct value_pair *pair = &v->u.map.pair[k];

			if (is_switch(pair->value))
				continue;
			strbuf_reset(&text);
			strbuf_addf(&text, "%s.%s: ", sections[i], pair->key);
			describe(&text, pair->value);
			strvec_push(out, text.buf);
		}
	}
	strbuf_release(&text);
}

/* ---- changing it -------------------------------------------------------- */

/* The lock is a file of its own, since the other one is replaced. */
static int take_lock(int *fd, const char *path, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	int ret = 0;

	strbuf_add(&dir, path, (size_t)(path_basename(path) - path));
	strbuf_addf(&name, "%s.lock", path);
	if (sys_mkdir_all(dir.buf, 0700))
		ret = fail_errno(err, "cannot make '%s'", dir.buf);
	if (!ret) {
		*fd = sys_open(name.buf, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
		if (*fd < 0)
			ret = fail_errno(err, "cannot open '%s'", name.buf);
	}
	if (!ret && filelock_take(*fd, 0, true) &&
	    !filelock_is_unsupported(errno))
		ret = fail_errno(err, "cannot lock '%s'", name.buf);
	strbuf_release(&name);
	strbuf_release(&dir);
	return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
}

/* said NULL: the line goes. */
static int set_line(const char *root, const char *said, bool *was,
		    struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	size_t start, len;
	int fd = -1, ret;

	*was = false;
	ret = trusted_path(&path, err);
	if (!ret)
		ret = take_lock(&fd, path.buf, err);
	if (!ret)
		ret = read_trusted(&text, path.buf, err);
	if (ret)
		goto cleanup;
	while (find_line(&text, root, &start, &len)) {
		strbuf_splice(&text, start, len + (start + len < text.len),
			      "", 0);
		*was = true;
	}
	if (!said && !*was)
		goto cleanup;
	if (text.len && text.buf[text.len - 1] != '\n')
		strbuf_addch(&text, '\n');
	if (said) {
		quote_c(&text, root, strlen(root));
		strbuf_addf(&text, "\t%s\n", said);
	}
	if (text.len > TRUST_MAX_BYTES)
		ret = fail(err, ERR_CONTENT, "'%s' would become too large; "
			   "take projects out of it with 'resutil config "
			   "--untrust DIR'", path.buf);
	else
		ret = write_file_atomic(path.buf, text.buf, text.len, 0600,
					TEMPFILE_SYNC, err);

cleanup:
	if (fd >= 0)
		close(fd);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

int trust_add(const struct project *p, struct strbuf *err)
{
	struct strbuf now = STRBUF_INIT;
	bool was;
	int ret;

	get_sections(p, &now);
	if (now.len > SECTIONS_MAX_BYTES)
		ret = fail(err, ERR_CONTENT, "'%s': 'hooks' and 'meta' are "
			   "larger than %u KiB together, which nobody can "
			   "have read", p->conf_path, SECTIONS_MAX_BYTES >> 10);
	else
		ret = set_line(p->root, now.buf, &was, err);
	strbuf_release(&now);
	return ret;
}

int trust_add_own(const struct project *p, struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT, mark = STRBUF_INIT;
	bool was;
	int ret = make_mark(p, &mark, err);

	strbuf_addf(&said, "*%s", mark.buf);
	if (!ret)
		ret = set_line(p->root, said.buf, &was, err);
	strbuf_release(&said);
	strbuf_release(&mark);
	return ret;
}

int trust_remove(const char *root, bool *was, struct strbuf *err)
{
	return set_line(root, NULL, was, err);
}
