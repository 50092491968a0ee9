/*
 * Where the code stands, for trials: asked again when it may have moved.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/recorder-internal.h"
#include "lib/base/alloc.h"
#include "lib/exp/git/git-head.h"

/* What changes when somebody commits, checks out or adds. */
struct sign {
	struct timespec mtime;
	ino_t ino;
	off_t size;
};

enum { SIGN_HEAD, SIGN_INDEX, SIGN_REF, SIGN_NR };

struct code {
	char *dir;		/* for which git was asked */
	struct value *git;
	char *repo;
	char *ref;		/* refs/heads/...; NULL: detached */
	struct git_tree_memo tree;
	struct timespec asked;
	struct sign sign[SIGN_NR];
};

struct code *code_new(void)
{
	struct code *c = xcalloc(1, sizeof(*c));

	strbuf_init(&c->tree.key);
	strbuf_init(&c->tree.tree);
	return c;
}

static void forget(struct code *c)
{
	free(c->dir);
	free(c->repo);
	free(c->ref);
	value_free(c->git);
	c->dir = c->repo = c->ref = NULL;
	c->git = NULL;
}

void code_free(struct code *c)
{
	forget(c);
	git_tree_memo_release(&c->tree);
	free(c);
}

static void take_sign(struct sign *sign, const char *repo, const char *file)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;

	memset(sign, 0, sizeof(*sign));
	strbuf_addf(&path, "%s/.git/%s", repo, file);
	if (!stat(path.buf, &st)) {
		sign->mtime = st.st_mtim;
		sign->ino = st.st_ino;
		sign->size = st.st_size;
	}
	strbuf_release(&path);
}

static void take_signs(const struct code *c, struct sign *sign)
{
	memset(sign, 0, SIGN_NR * sizeof(*sign));
	if (!c->repo)
		return;
	take_sign(&sign[SIGN_HEAD], c->repo, "HEAD");
	take_sign(&sign[SIGN_INDEX], c->repo, "index");
	if (c->ref)
		take_sign(&sign[SIGN_REF], c->repo, c->ref);
}

static bool is_known(const struct code *c, const char *cwd)
{
	struct sign now[SIGN_NR];
	size_t i;

	if (!c->git || strcmp(c->dir, cwd) || !is_fresh(&c->asked))
		return false;
	take_signs(c, now);
	for (i = 0; i < SIGN_NR; i++)
		if (now[i].ino != c->sign[i].ino ||
		    now[i].size != c->sign[i].size ||
		    now[i].mtime.tv_sec != c->sign[i].mtime.tv_sec ||
		    now[i].mtime.tv_nsec != c->sign[i].mtime.tv_nsec)
			return false;
	return true;
}

/* The signs are taken before git looks, so that what changes while it does is
 * seen the next time. That is too late for the first time of all, when only
 * git knows where the repository is. */
static int ask_git(struct exchange *x, const char *cwd, bool treeish)
{
	struct code *c = x->r->code;
	struct git_state_options options;
	struct git_state *state = NULL;
	struct git_head head;
	struct sign before[SIGN_NR];
	size_t nr;
	int ret;

	take_signs(c, before);
	ret = git_state_options_init(&options, NULL, &x->err);
	if (ret)
		return ret;
	options.dir = cwd;
	options.treeish |= treeish;
	options.tree_memo = &c->tree;
	clock_gettime(CLOCK_MONOTONIC, &c->asked);
	ret = git_state_start(&state, &options, &x->err);
	if (ret)
		return ret;
	git_state_head(state, &head);
	if (!c->repo || !head.top || strcmp(c->repo, head.top)) {
		forget(c);
		c->repo = head.top ? xstrdup(head.top) : NULL;
	}
	free(c->ref);
	c->ref = NULL;
	if (head.branch) {
		struct strbuf ref = STRBUF_INIT;

		strbuf_addf(&ref, "refs/heads/%s", head.branch);
		c->ref = strbuf_detach(&ref, NULL);
	}
	value_free(c->git);
	c->git = NULL;
	free(c->dir);
	c->dir = xstrdup(cwd);
	memcpy(c->sign, before, sizeof(before));
	ret = git_state_capture(state, NULL, &c->git, &nr, &x->err);
	git_state_free(state);
	return ret;
}

int code_git(struct exchange *x, const char *cwd, const struct value **git,
	     const char **repo)
{
	struct code *c = x->r->code;
	bool treeish;
	int ret;

	*git = NULL;
	*repo = NULL;
	ret = get_bool(x, "treeish", &treeish);
	if (ret || !about_wants(x, "git"))
		return ret;
	if (!is_known(c, cwd) ||
	    (treeish && !value_map_get(c->git, "treeish")))
		ret = ask_git(x, cwd, treeish);
	if (ret)
		return ret;
	*git = c->git;
	*repo = c->repo;
	return 0;
}
