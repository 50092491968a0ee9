#include "lib/base/compat.h"
#include "builtin/store-exp.h"
#include "builtin/remote-rows.h"

#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/exp/record/record.h"

#define LISTING_MAX_BYTES (512u << 20)

static int read_child(struct child_process *child, size_t max,
		      struct strbuf *out, struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT;
	int ret = pipe_command(child, NULL, 0, out, &said, max, err);

	if (ret > 0) {
		ret = error_of_exit_status(ret);
		strbuf_addstr(err, last_words(&said));
	}
	strbuf_release(&said);
	return ret;
}

int store_exp_record(struct value **record, const char *remote,
		     const char *name, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf text = STRBUF_INIT, shown = STRBUF_INIT;
	int ret;

	child.resutil_cmd = 1;
	strvec_push(&child.args, "cat-pack");
	strvec_pushf(&child.args, "--remote=%s", remote);
	strvec_pushl(&child.args, name, RECORD_FILE, NULL);
	strbuf_addf(&shown, "%s in %s", name, remote);
	ret = read_child(&child, RECORD_MAX_BYTES, &text, err);
	if (!ret)
		ret = record_parse(record, text.buf, text.len, shown.buf, err);
	if (!ret)
		record_normalize(*record);
	strbuf_release(&shown);
	strbuf_release(&text);
	return ret;
}

int store_exp_listing(struct strbuf *out, const char *remote,
		      const char *name, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;

	child.resutil_cmd = 1;
	strvec_push(&child.args, "list-pack");
	strvec_pushf(&child.args, "--remote=%s", remote);
	strvec_pushl(&child.args, "-z", name, NULL);
	return read_child(&child, LISTING_MAX_BYTES, out, err);
}

const char *store_exp_next(const char *at, const char *end, unsigned *mode,
			   uint64_t *size, const char **path)
{
	const char *stop = at < end ? memchr(at, '\0', (size_t)(end - at)) :
				      NULL;
	int tabs;

	if (!stop)
		return NULL;
	*mode = (unsigned)strtoul(at, NULL, 8);
	*size = 0;
	for (tabs = 0; tabs < 5; tabs++) {
		at = memchr(at, '\t', (size_t)(stop - at));
		if (!at)
			return NULL;
		at++;
		if (!tabs)
			*size = strtoull(at, NULL, 10);
	}
	*path = at;
	return stop + 1;
}

/* "./a//b/" is "a/b". */
static int clean_path(struct strbuf *out, const char *path, struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	const char *s = path;
	bool bad = *path == '/';

	while (*s && !bad) {
		size_t len = strcspn(s, "/");

		bad = len == 2 && !memcmp(s, "..", 2);
		if (len && !(len == 1 && *s == '.')) {
			if (out->len)
				strbuf_addch(out, '/');
			strbuf_add(out, s, len);
		}
		s += len + (s[len] == '/');
	}
	if (!bad)
		return 0;
	quote_terminal(&shown, path, strlen(path));
	fail(err, ERR_USAGE, "'%s' is not a path inside the experiment",
	     shown.buf);
	strbuf_release(&shown);
	return ERR_USAGE;
}

/* The component of `rest`; with '/' when there is more below it. */
static void add_component(struct strvec *names, const char *rest)
{
	size_t len = strcspn(rest, "/");

	strvec_pushn(names, rest, len + (rest[len] == '/'));
}

int store_exp_look(const struct strbuf *listing, const char *path,
		   enum store_exp_kind *kind, struct strbuf *clean,
		   struct strvec *names, struct strbuf *err)
{
	const char *at = listing->buf, *end = at + listing->len, *entry;
	uint64_t size;
	unsigned mode;
	bool found = false;
	int ret = clean_path(clean, path, err);

	if (ret)
		return ret;
	*kind = STORE_EXP_DIRECTORY;
	found = !clean->len;
	while ((at = store_exp_next(at, end, &mode, &size, &entry))) {
		const char *rest = entry + clean->len;

		if (strncmp(entry, clean->buf, clean->len))
			continue;
		if (clean->len && !*rest) {
			*kind = S_ISLNK(mode) ? STORE_EXP_LINK :
						STORE_EXP_FILE;
			return 0;
		}
		if (clean->len && *rest++ != '/')
			continue;
		found = true;
		if (*rest)
			add_component(names, rest);
	}
	strvec_sort(names, true);
	if (!found) {
		struct strbuf shown = STRBUF_INIT;

		quote_terminal(&shown, path, strlen(path));
		ret = fail(err, ERR_NOT_FOUND, "there is no '%s' in the "
			   "experiment", shown.buf);
		strbuf_release(&shown);
	}
	return ret;
}

int store_exp_cat(struct child_process *child, const char *remote,
		  const char *name, const char *path, int *fd,
		  struct strbuf *err)
{
	int ret;

	child->resutil_cmd = 1;
	strvec_push(&child->args, "cat-pack");
	strvec_pushf(&child->args, "--remote=%s", remote);
	strvec_pushl(&child->args, name, path, NULL);
	child->no_stdin = 1;
	if (fd)
		child->out = -1;
	ret = start_command(child, err);
	if (!ret && fd)
		*fd = child->out;
	return ret;
}
