#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/tags.h"

#define MAX_CANDIDATES 20	/* a sentence with more helps nobody */

static void list_candidates(struct strbuf *err, const struct strvec *names)
{
	size_t i;

	if (!err)
		return;
	for (i = 0; i < names->nr && i < MAX_CANDIDATES; i++)
		strbuf_addf(err, "\n  %s", names->v[i]);
	if (names->nr > MAX_CANDIDATES)
		strbuf_addf(err, _("\n  ... and %zu more"),
			    names->nr - MAX_CANDIDATES);
}

static bool has_dotdot(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !memcmp(path, "..", 2))
			return true;
		path += n;
		path += strspn(path, "/");
	}
	return false;
}

/* Splits `path` if it lies below `dir`; both absolute and free of dots. */
static bool split_below(const char *path, const char *dir,
			struct strbuf *first, struct strbuf *rest)
{
	const char *below = path_below(path, dir);
	size_t n;

	if (!below || !*below)
		return false;
	n = strcspn(below, "/");
	strbuf_add(first, below, n);
	below += n;
	below += strspn(below, "/");
	strbuf_addstr(rest, below);
	return true;
}

bool exp_split_path(const struct project *p, const char *cwd, const char *path,
		    struct strbuf *first, struct strbuf *rest)
{
	struct strbuf full = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf real = STRBUF_INIT, results = STRBUF_INIT;
	bool found = false;

	/* What no system call would take leads nowhere. */
	if (!*path || strnlen(path, PATH_MAX) == PATH_MAX ||
	    (*path != '/' && !cwd))
		return false;
	if (*path != '/')
		strbuf_addf(&full, "%s/", cwd);
	strbuf_addstr(&full, path);
	path_absolute(&text, NULL, full.buf);
	/*
	 * As text first: what is reached through an experiment is in it,
	 * wherever its links lead. Not where ".." might come after a link.
	 */
	if (!has_dotdot(path))
		found = split_below(text.buf, p->results_path, first, rest);
	if (!found) {
		path_real(&real, full.buf);
		path_real(&results, p->results_path);
		found = split_below(real.buf, results.buf, first, rest);
	}
	if (!found && has_dotdot(path))
		found = split_below(text.buf, p->results_path, first, rest);

	strbuf_release(&results);
	strbuf_release(&real);
	strbuf_release(&text);
	strbuf_release(&full);
	return found;
}

static int find_by_path(const struct project *p, const char *arg,
			const char *shown, struct strbuf *out,
			struct strbuf *err)
{
	struct strbuf cwd = STRBUF_INIT, name = STRBUF_INIT;
	struct strbuf rest = STRBUF_INIT, ignored = STRBUF_INIT;
	bool have_cwd = !path_cwd(&cwd, &ignored);
	int ret = 0;

	if (!exp_split_path(p, have_cwd ? cwd.buf : NULL, arg, &name, &rest))
		ret = fail(err, ERR_NOT_FOUND, "'%s' does not lie in an "
			   "experiment below '%s'", shown, p->results_dir);
	else if (!exp_is_here(p, name.buf))
		ret = fail(err, ERR_NOT_FOUND, "there is no experiment here "
			   "that '%s' lies in", shown);
	else
		strbuf_addbuf(out, &name);
	strbuf_release(&ignored);
	strbuf_release(&rest);
	strbuf_release(&name);
	strbuf_release(&cwd);
	return ret;
}

bool exp_parse_latest(const char *arg, size_t *back)
{
	*back = 0;
	if (arg[0] != '@' || (arg[1] && arg[1] != '~'))
		return false;
	if (!arg[1])
		return true;
	arg += 2;
	if (!*arg)
		*back = 1;
	for (; *arg; arg++) {
		if (*arg < '0' || *arg > '9' || *back > SIZE_MAX / 10 - 1)
			return false;
		*back = *back * 10 + (size_t)(*arg - '0');
	}
	return true;
}

const char *exp_split_remote(const char *arg, size_t *len)
{
	const char *slash = strchr(arg, '/');
	size_t back;

	if (!slash || slash == arg || !exp_parse_latest(slash + 1, &back))
		return NULL;
	*len = (size_t)(slash - arg);
	return slash + 1;
}

static int find_latest(const struct project *p, size_t back, const char *shown,
		       struct strbuf *out, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	int ret;

	ret = exp_list_by_time(p, &names, err);
	if (ret)
		goto cleanup;
	if (!names.nr)
		ret = fail(err, ERR_NOT_FOUND, "'%s' means nothing yet: there "
			   "are no experiments in '%s'", shown, p->results_dir);
	else if (back >= names.nr)
		ret = fail(err, ERR_NOT_FOUND, "'%s' goes too far back: there "
			   "%s %zu experiment%s in '%s'", shown,
			   names.nr == 1 ? "is" : "are", names.nr,
			   names.nr == 1 ? "" : "s", p->results_dir);
	else
		strbuf_addstr(out, names.v[names.nr - 1 - back]);

cleanup:
	strvec_release(&names);
	return ret;
}

int exp_find_among(const struct strvec *names, const char *arg,
		   const char *where, struct strbuf *out, struct strbuf *err)
{
	struct strvec begin = STRVEC_INIT, comment = STRVEC_INIT;
	struct strbuf shown = STRBUF_INIT;
	struct name_parts parts;
	size_t i, len = strlen(arg);
	int ret = 0;

	quote_terminal(&shown, arg, len);
	for (i = 0; i < names->nr; i++) {
		if (!strncmp(names->v[i], arg, len))
			strvec_push(&begin, names->v[i]);
		if (name_parse(&parts, names->v[i]) && parts.comment &&
		    !strcmp(parts.comment, arg))
			strvec_push(&comment, names->v[i]);
	}
	if (begin.nr == 1 || comment.nr == 1) {
		strbuf_addstr(out, begin.nr == 1 ? begin.v[0] : comment.v[0]);
		goto cleanup;
	}
	strvec_pushv(&begin, comment.v);
	if (!begin.nr) {
		ret = fail(err, ERR_NOT_FOUND, "there is no experiment '%s' "
			   "%s; see 'resutil list'", shown.buf, where);
		goto cleanup;
	}
	strvec_sort(&begin, true);
	ret = fail(err, ERR_USAGE, "'%s' is ambiguous; it could mean",
		   shown.buf);
	list_candidates(err, &begin);

cleanup:
	strbuf_release(&shown);
	strvec_release(&comment);
	strvec_release(&begin);
	return ret;
}

/* A tag was given on purpose, so it goes before what only begins so. */
static int find_by_text(const struct project *p, const char *arg,
			struct strbuf *out, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	int ret = tag_find(p, arg, out, err);

	if (ret != ERR_NOT_FOUND)
		return ret;
	ret = exp_list_names(p, &names, err);
	if (!ret)
		ret = exp_find_among(&names, arg, _("here"), out, err);
	strvec_release(&names);
	return ret;
}

int exp_find_link(const struct project *p, const char *arg, struct strbuf *out,
		  struct strbuf *err)
{
	struct strbuf cwd = STRBUF_INIT, first = STRBUF_INIT;
	struct strbuf rest = STRBUF_INIT;
	struct strvec names = STRVEC_INIT;
	int ret = exp_list_links(p, &names, err);

	if (ret)
		goto cleanup;
	/* A path must be the link, not lead through it. */
	if (strchr(arg, '/') && !path_cwd(&cwd, NULL) &&
	    exp_split_path(p, cwd.buf, arg, &first, &rest) && !rest.len &&
	    strvec_find(&names, first.buf) >= 0)
		strbuf_addbuf(out, &first);
	else if (strvec_find(&names, arg) >= 0)
		strbuf_addstr(out, arg);
	else if (!*arg)
		ret = fail(err, ERR_USAGE, "an empty word names no experiment");
	else
		ret = exp_find_among(&names, arg, _("here"), out, err);

cleanup:
	strvec_release(&names);
	strbuf_release(&rest);
	strbuf_release(&first);
	strbuf_release(&cwd);
	return ret;
}

int exp_find(const struct project *p, const char *arg, struct strbuf *out,
	     struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	size_t back;
	int ret = 0;

	quote_terminal(&shown, arg, strlen(arg));
	if (!*arg)
		ret = fail(err, ERR_USAGE, "an empty word names no experiment");
	else if (exp_is_here(p, arg))
		strbuf_addstr(out, arg);
	else if (strchr(arg, '/') || !strcmp(arg, ".") || !strcmp(arg, ".."))
		ret = find_by_path(p, arg, shown.buf, out, err);
	else if (exp_parse_latest(arg, &back))
		ret = find_latest(p, back, shown.buf, out, err);
	else
		ret = find_by_text(p, arg, out, err);
	strbuf_release(&shown);
	return ret;
}

/* Adds the id in the record of an experiment here; false: it has none. */
static bool read_id(const struct project *p, const char *name,
		    struct strbuf *id)
{
	struct strbuf path = STRBUF_INIT, ignored = STRBUF_INIT;
	struct value *record = NULL;
	const char *text = NULL;

	project_exp_path(p, name, &path);
	if (!record_read(&record, path.buf, &ignored)) {
		text = value_get_text(record, "id");
		if (text)
			strbuf_addstr(id, text);
	}
	value_free(record);
	strbuf_release(&ignored);
	strbuf_release(&path);
	return text != NULL;
}

/* Experiments here with the head of `name`, its exact name left out. */
static int list_same_head(const struct project *p, const char *name,
			  struct strvec *out, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	size_t i;
	int ret = exp_list_names(p, &names, err);

	for (i = 0; !ret && i < names.nr; i++)
		if (!strncmp(names.v[i], name, NAME_HEAD_LEN) &&
		    strcmp(names.v[i], name))
			strvec_push(out, names.v[i]);
	strvec_release(&names);
	return ret;
}

/*
 * Leaves those of `names` that can be the run `id`: the one whose id it is,
 * else, if `guess`, those that have none to compare.
 */
static void keep_matching_id(const struct project *p, const char *id,
			     bool guess, struct strvec *names)
{
	struct strvec same = STRVEC_INIT, unknown = STRVEC_INIT;
	struct strbuf found = STRBUF_INIT;
	size_t i;

	for (i = 0; i < names->nr; i++) {
		strbuf_reset(&found);
		if (!read_id(p, names->v[i], &found))
			strvec_push(&unknown, names->v[i]);
		else if (!strcmp(found.buf, id))
			strvec_push(&same, names->v[i]);
	}
	strvec_clear(names);
	if (same.nr || guess)
		strvec_pushv(names, same.nr ? same.v : unknown.v);
	strbuf_release(&found);
	strvec_release(&unknown);
	strvec_release(&same);
}

int exp_find_dependency(const struct project *p, const char *name,
			const char *id, struct strbuf *out,
			struct strbuf *err)
{
	struct strvec others = STRVEC_INIT;
	struct strbuf shown = STRBUF_INIT, found = STRBUF_INIT;
	bool here;
	int ret = 0;

	quote_terminal(&shown, name, strlen(name));
	if (!name_is_valid(name)) {
		ret = fail(err, ERR_NOT_FOUND,
			   "'%s' is no name of an experiment", shown.buf);
		goto cleanup;
	}
	here = exp_is_here(p, name);
	if (here && (!id || !read_id(p, name, &found) ||
		     !strcmp(found.buf, id))) {
		strbuf_addstr(out, name);
		goto cleanup;
	}
	ret = list_same_head(p, name, &others, err);
	if (ret)
		goto cleanup;
	if (id)
		keep_matching_id(p, id, !here, &others);
	if (others.nr == 1) {
		strbuf_addstr(out, others.v[0]);
	} else if (here) {
		ret = fail(err, ERR_CONFLICT, "'%s' here is another run than "
			   "the one that was used (id %s, not %s)",
			   shown.buf, found.buf, id);
	} else if (others.nr) {
		ret = fail(err, ERR_CONFLICT, "'%s' is not here, and several "
			   "experiments could be it", shown.buf);
		list_candidates(err, &others);
	} else {
		ret = fail(err, ERR_NOT_FOUND, "there is no experiment '%s' "
			   "here", shown.buf);
	}

cleanup:
	strbuf_release(&found);
	strbuf_release(&shown);
	strvec_release(&others);
	return ret;
}
