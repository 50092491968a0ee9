#include "lib/base/compat.h"
#include "lib/exp/git/git-tree-read.h"

#include "lib/base/error.h"
#include "lib/exp/git/git-internal.h"

#define MODE_REGULAR "100"

static int ask(struct git_scratch *s, const char *const *words,
	       const struct strbuf *in, struct strbuf *out, const char *what,
	       struct strbuf *err)
{
	struct child_process child;

	git_scratch_child(&child, s, GIT_SCRATCH_OWN | GIT_SCRATCH_LENT);
	strvec_pushv(&child.args, words);
	return git_run_child(&child, in, out, what, ERR_FAILED, err);
}

/* "100644 blob ID\tPATH", each with a NUL behind. */
int git_tree_paths(struct git_scratch *s, const char *tree,
		   struct strvec *paths, struct strbuf *err)
{
	const char *words[] = { "ls-tree", "-r", "-z", tree, NULL };
	struct strbuf list = STRBUF_INIT;
	const char *at, *end;
	int ret = ask(s, words, NULL, &list, "git cannot list the code state",
		      err);

	for (at = list.buf, end = at + list.len; !ret && at < end;
	     at += strlen(at) + 1) {
		const char *tab = strchr(at, '\t');

		if (tab && !strncmp(at, MODE_REGULAR, strlen(MODE_REGULAR)))
			strvec_push(paths, tab + 1);
	}
	strvec_sort(paths, true);
	strbuf_release(&list);
	return ret;
}

/* Names for cat-file stand on lines. */
static bool is_one_line(const char *path)
{
	return !strchr(path, '\n');
}

static void add_names(struct strbuf *in, const char *tree,
		      const struct strvec *paths)
{
	size_t i;

	for (i = 0; i < paths->nr; i++)
		if (is_one_line(paths->v[i]))
			strbuf_addf(in, "%s:%s\n", tree, paths->v[i]);
}

/* "ID blob SIZE", or that it is missing; false: it is. */
static bool parse_head(const char *line, const char *end, uint64_t *size)
{
	const char *blob = memmem(line, (size_t)(end - line), " blob ", 6);

	if (!blob)
		return false;
	*size = strtoull(blob + 6, NULL, 10);
	return true;
}

/* Those whose sizes fit; the others are named in nothing. */
static int choose(struct git_scratch *s, const char *tree,
		  const struct strvec *paths, size_t max_file, size_t max,
		  struct strvec *chosen, struct strbuf *err)
{
	const char *words[] = { "cat-file", "--batch-check", NULL };
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
	const char *at, *end;
	uint64_t total = 0;
	size_t i = 0;
	int ret;

	add_names(&in, tree, paths);
	ret = ask(s, words, &in, &out, "git cannot read the code state", err);
	for (at = out.buf, end = at + out.len; !ret && at < end; i++) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		uint64_t size;

		while (i < paths->nr && !is_one_line(paths->v[i]))
			i++;
		if (!nl || i == paths->nr)
			break;
		if (parse_head(at, nl, &size) && size <= max_file &&
		    total + size <= max) {
			total += size;
			strvec_push(chosen, paths->v[i]);
		}
		at = nl + 1;
	}
	strbuf_release(&out);
	strbuf_release(&in);
	return ret;
}

int git_tree_read(struct git_scratch *s, const char *tree,
		  const struct strvec *paths, size_t max_file, size_t max,
		  git_tree_text_fn fn, void *data, struct strbuf *err)
{
	const char *words[] = { "cat-file", "--batch", NULL };
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
	struct strvec chosen = STRVEC_INIT;
	const char *at, *end;
	size_t i;
	int ret = choose(s, tree, paths, max_file, max, &chosen, err);

	if (ret || !chosen.nr)
		goto cleanup;
	add_names(&in, tree, &chosen);
	ret = ask(s, words, &in, &out, "git cannot read the code state", err);
	at = out.buf;
	end = at + out.len;
	for (i = 0; !ret && i < chosen.nr; i++) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		uint64_t size = 0;

		if (!nl || !parse_head(at, nl, &size) ||
		    size >= (uint64_t)(end - nl)) {
			ret = fail(err, ERR_CONTENT, "git does not give '%s'",
				   chosen.v[i]);
			break;
		}
		fn(chosen.v[i], nl + 1, (size_t)size, data);
		at = nl + 1 + size + 1;
	}

cleanup:
	strvec_release(&chosen);
	strbuf_release(&out);
	strbuf_release(&in);
	return ret;
}
