#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/digest.h"

static bool strvec_has(const struct strvec *vec, const char *text)
{
	size_t i;

	for (i = 0; i < vec->nr; i++)
		if (!strcmp(vec->v[i], text))
			return true;
	return false;
}

/* Adds a copy to a list in byte order; true when it was not there before. */
static bool mark_seen(struct strvec *seen, const char *text)
{
	size_t low = 0, high = seen->nr;
	const char *last;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(text, seen->v[middle]);

		if (!order)
			return false;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	last = strvec_push(seen, text);
	memmove(&seen->v[low + 1], &seen->v[low],
		(seen->nr - 1 - low) * sizeof(*seen->v));
	seen->v[low] = last;
	return true;
}

/* A pattern of a shell may be ten thousand words: what was met is sorted. */
struct scanner {
	const struct project *project;
	const char *cwd, *own;
	bool inside;	/* cwd itself lies in an experiment */
	struct strvec names, inputs;
};

static void add_input(struct dep_scan *scan, struct scanner *s,
		      const char *name, const char *path, const char *argument)
{
	struct strbuf both = STRBUF_INIT;
	struct dep_input *input;

	if (mark_seen(&s->names, name))
		strvec_push(&scan->names, name);
	strbuf_addf(&both, "%s/%s", name, path);
	if (mark_seen(&s->inputs, both.buf)) {
		ARRAY_GROW(scan->input, scan->nr + 1, scan->alloc);
		input = &scan->input[scan->nr++];
		input->name = xstrdup(name);
		input->path = xstrdup(path);
		input->argument = xstrdup(argument);
	}
	strbuf_release(&both);
}

/* A whole word, or what stands behind a '=' of it. */
static bool scan_path(struct dep_scan *scan, struct scanner *s,
		      const char *path, const char *word)
{
	struct strbuf name = STRBUF_INIT, rest = STRBUF_INIT;
	struct strbuf full = STRBUF_INIT;
	bool found;

	found = exp_split_path(s->project, s->cwd, path, &name, &rest) &&
		name_is_valid(name.buf);
	/*
	 * From inside an experiment every word is a path into it ("python",
	 * "0.1"), so there only what exists is taken for one.
	 */
	if (found && s->inside && *path != '/') {
		strbuf_addf(&full, "%s/%s", s->cwd, path);
		found = path_exists(full.buf);
	}
	if (found && (!s->own || strcmp(s->own, name.buf)))
		add_input(scan, s, name.buf, rest.buf, word);
	strbuf_release(&full);
	strbuf_release(&rest);
	strbuf_release(&name);
	return found;
}

void deps_scan(struct dep_scan *scan, const struct project *p, const char *cwd,
	       const char *const *argv, const char *own)
{
	struct strbuf name = STRBUF_INIT, rest = STRBUF_INIT;
	struct scanner s = {
		.project = p, .cwd = cwd, .own = own,
		.names = STRVEC_INIT, .inputs = STRVEC_INIT
	};

	s.inside = cwd && exp_split_path(p, NULL, cwd, &name, &rest);
	for (; *argv; argv++) {
		const char *path = *argv;

		/* Comments may hold '=', so the longest text goes first. */
		while (path && !scan_path(scan, &s, path, *argv)) {
			path = strchr(path, '=');
			if (path)
				path++;
		}
	}
	strvec_release(&s.inputs);
	strvec_release(&s.names);
	strbuf_release(&rest);
	strbuf_release(&name);
}

void dep_scan_release(struct dep_scan *scan)
{
	size_t i;

	for (i = 0; i < scan->nr; i++) {
		free(scan->input[i].name);
		free(scan->input[i].path);
		free(scan->input[i].argument);
	}
	free(scan->input);
	scan->input = NULL;
	scan->nr = scan->alloc = 0;
	strvec_clear(&scan->names);
}

/* Adds size and sha256 of the file at `path`, if it is one and can be read. */
static void describe_file(struct value *map, const char *path, bool hash)
{
	struct strbuf hex = STRBUF_INIT, unread = STRBUF_INIT;
	struct stat st;
	int fd;

	/* Asked before it is opened: opening a device may do something. */
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	value_map_set_int(map, "size", st.st_size);
	if (!hash)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		value_map_set_int(map, "size", st.st_size);
		if (!digest_fd(&hex, fd, &unread))
			value_map_set_str(map, "sha256", hex.buf);
	}
	close(fd);
	strbuf_release(&unread);
	strbuf_release(&hex);
}

/* A file that cannot be hashed is left out; having no hashes at all is told. */
static int need_digest(struct strbuf *err)
{
	struct digest *probe = NULL;
	unsigned char raw[DIGEST_RAWSZ];
	int ret = digest_start(&probe, err);

	if (!ret)
		digest_finish(&probe, raw);
	return ret;
}

int deps_inputs(struct value **out, const struct project *p,
		const struct dep_scan *scan, bool hash, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	struct value *list;
	size_t i;
	int ret;

	if (hash && scan->nr) {
		ret = need_digest(err);
		if (ret)
			return ret;
	}
	list = value_new_list();
	for (i = 0; i < scan->nr; i++) {
		const struct dep_input *input = &scan->input[i];
		struct value *map = value_new_map();

		value_map_set_str(map, "experiment", input->name);
		/* Bytes that are not UTF-8 become !!binary. */
		value_map_set_str(map, "path", input->path);
		strbuf_reset(&path);
		project_exp_path(p, input->name, &path);
		if (*input->path)
			strbuf_addf(&path, "/%s", input->path);
		describe_file(map, path.buf, hash);
		value_list_add(list, map);
	}
	strbuf_release(&path);
	*out = list;
	return 0;
}

int deps_find(struct strbuf *name, const struct project *p, const char *exp,
	      struct strbuf *err)
{
	int ret = exp_find(p, exp, name, err);

	/* What is used again and never sent can be needed by nobody. */
	if (!ret && !strcmp(name->buf, NAME_DEBUG))
		return fail(err, ERR_USAGE, "nothing can depend on '%s', "
			    "which the next debug run changes", name->buf);
	return ret;
}

void deps_note(struct value *record, const struct project *p,
	       const char *name)
{
	struct strbuf dir = STRBUF_INIT, ignored = STRBUF_INIT;
	struct value *other = NULL;
	const char *id = NULL;

	project_exp_path(p, name, &dir);
	/* Without a readable record it is known by its name alone. */
	if (!record_read(&other, dir.buf, &ignored))
		id = value_get_text(other, "id");
	record_add_dependency(record, name, id && record_is_id(id) ? id : NULL);
	value_free(other);
	strbuf_release(&ignored);
	strbuf_release(&dir);
}

int deps_read(struct strvec *out, const struct project *p, const char *name,
	      struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, found = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	struct value *record = NULL;
	const struct value *list, *ids;
	size_t i;
	int ret;

	project_exp_path(p, name, &path);
	ret = record_read(&record, path.buf, err);
	if (ret)
		goto cleanup;
	list = value_map_get(record, "dependency");
	ids = value_map_get(record, "dependency_ids");
	if (!list || list->type != VALUE_LIST)
		goto cleanup;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *recorded = value_text(list->u.list.item[i]);
		const char *id;

		if (!recorded)
			continue;
		strbuf_reset(&found);
		strbuf_reset(&why);
		id = value_text(value_map_get(ids, recorded));
		ret = exp_find_dependency(p, recorded, id, &found, &why);
		if (ret && ret != ERR_NOT_FOUND) {
			fail(err, ret, "a dependency of '%s': %s", name,
			     why.buf);
			goto cleanup;
		}
		/* Nobody needs itself: a run of the same second was meant. */
		if (!ret && strcmp(found.buf, name))
			recorded = found.buf;
		ret = 0;
		if (!strvec_has(out, recorded))
			strvec_push(out, recorded);
	}

cleanup:
	value_free(record);
	strbuf_release(&why);
	strbuf_release(&found);
	strbuf_release(&path);
	return ret;
}

/* One experiment on the way to the closure. */
struct dep_node {
	char *name;
	struct strvec deps;
	size_t next;	/* which of deps is looked at next */
};

/*
 * A walk in depth without recursion: a chain of dependencies may be as long
 * as there are experiments. `node` holds the way down, `seen` every name met,
 * in byte order.
 */
struct dep_walk {
	const struct project *project;
	struct dep_node *node;
	size_t nr, alloc;
	struct strvec seen;
};

/* Steps down to `name`, or notes it as missing. */
static int enter(struct dep_walk *walk, const char *name,
		 struct strvec *missing, struct strbuf *err)
{
	struct dep_node *node;
	int ret;

	if (!mark_seen(&walk->seen, name))
		return 0;
	/* What is no name (NAME_DEBUG too) never goes anywhere. */
	if (!name_is_valid(name) || !exp_is_here(walk->project, name)) {
		strvec_push(missing, name);
		return 0;
	}
	ARRAY_GROW(walk->node, walk->nr + 1, walk->alloc);
	node = &walk->node[walk->nr];
	strvec_init(&node->deps);
	node->next = 0;
	ret = deps_read(&node->deps, walk->project, name, err);
	if (ret) {
		strvec_release(&node->deps);
		return ret;
	}
	node->name = xstrdup(name);
	walk->nr++;
	return 0;
}

static void leave(struct dep_walk *walk)
{
	struct dep_node *node = &walk->node[--walk->nr];

	free(node->name);
	strvec_release(&node->deps);
}

int deps_closure(struct strvec *out, struct strvec *missing,
		 const struct project *p, const struct strvec *names,
		 struct strbuf *err)
{
	struct dep_walk walk = { .project = p, .seen = STRVEC_INIT };
	size_t i;
	int ret = 0;

	for (i = 0; i < names->nr && !ret; i++) {
		ret = enter(&walk, names->v[i], missing, err);
		while (walk.nr && !ret) {
			struct dep_node *top = &walk.node[walk.nr - 1];
			const char *next = top->deps.v[top->next];

			if (next) {
				top->next++;
				ret = enter(&walk, next, missing, err);
			} else {
				strvec_push(out, top->name);
				leave(&walk);
			}
		}
	}
	while (walk.nr)
		leave(&walk);
	free(walk.node);
	strvec_release(&walk.seen);
	return ret;
}

static int compare_head(const void *head, const void *name)
{
	return strncmp(head, *(const char *const *)name, NAME_HEAD_LEN);
}

/*
 * Whether the text of a record may speak of one of `names` (sorted): whether
 * a head of theirs is in it. So few of ten thousand records are parsed.
 */
static bool mentions(const struct strbuf *text, const struct strvec *names)
{
	const char *end = text->buf + text->len, *at = text->buf, *head;

	while ((at = memchr(at, '_', (size_t)(end - at)))) {
		head = at++ - NAME_PREFIX_LEN;
		if (head >= text->buf && end - head >= NAME_HEAD_LEN &&
		    bsearch(head, names->v, names->nr, sizeof(*names->v),
			    compare_head))
			return true;
	}
	return false;
}

static void add_dependant(struct strvec *out, struct strvec *needed,
			  const struct project *p, const char *name,
			  const struct strvec *names)
{
	struct strvec deps = STRVEC_INIT;
	struct strbuf ignored = STRBUF_INIT;
	size_t i;

	if (!deps_read(&deps, p, name, &ignored))
		for (i = 0; i < deps.nr; i++)
			if (strvec_find(names, deps.v[i]) >= 0) {
				strvec_push(out, name);
				strvec_push(needed, deps.v[i]);
			}
	strbuf_release(&ignored);
	strvec_release(&deps);
}

int deps_find_dependants(struct strvec *out, struct strvec *needed,
			 const struct project *p, const struct strvec *names,
			 struct strbuf *err)
{
	struct strvec all = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf ignored = STRBUF_INIT;
	size_t i;
	int ret;

	ret = exp_list_names(p, &all, err);
	for (i = 0; !ret && i < all.nr; i++) {
		if (strvec_find(names, all.v[i]) >= 0)
			continue;
		strbuf_reset(&path);
		strbuf_reset(&text);
		strbuf_reset(&ignored);
		project_exp_path(p, all.v[i], &path);
		strbuf_addstr(&path, "/" RECORD_FILE);
		if (!read_own_file(&text, path.buf, RECORD_MAX_BYTES,
				   &ignored) &&
		    mentions(&text, names))
			add_dependant(out, needed, p, all.v[i], names);
	}
	strbuf_release(&ignored);
	strbuf_release(&text);
	strbuf_release(&path);
	strvec_release(&all);
	return ret;
}
