#include "lib/base/compat.h"
#include "lib/exp/git/git-restore.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

#define FILES_DIR "uncommited_files"
#define PATCH_FILE "uncommited.patch"

/* What a record says of one code state. */
struct rebuild {
	struct git_scratch *s;
	const struct value *git;
	const char *dir;	/* of the experiment; NULL: the commit alone */
	const char *commit;	/* NULL: none yet */
	struct strvec *missing;
	bool patch;		/* there is one */
	struct strvec patched;	/* the paths that it is about, sorted */
};

static const struct value *list_of(const struct value *git, const char *key)
{
	const struct value *list = value_map_get(git, key);

	return list && list->type == VALUE_LIST && list->u.list.nr ? list :
								     NULL;
}

bool git_record_has_code(const struct value *record)
{
	const struct value *git = value_map_get(record, "git");

	return value_get_text(git, "commit_hash") ||
	       list_of(git, "uncommited_files") ||
	       value_get_text(git, "patch") || value_get_text(git, "branch");
}

PRINTF_LIKE(2, 3)
static void add_missing(struct rebuild *r, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (!r->missing)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strvec_push(r->missing, text.buf);
	strbuf_release(&text);
}

/* The words come from a record, and are for a person to type: nothing that
 * git would take for an option. */
int git_say_how_to_get(const struct value *git, struct strbuf *err)
{
	const char *commit = value_get_text(git, "commit_hash");
	const char *remote = value_get_text(git, "remote");
	const char *branch = value_get_text(git, "branch");
	struct strbuf words = STRBUF_INIT;
	int ret;

	if (remote && *remote && *remote != '-') {
		strbuf_addstr(&words, "git fetch ");
		quote_shell(&words, remote);
		strbuf_addf(&words, " %s", commit);
	} else {
		strbuf_addstr(&words, "git fetch --all");
	}
	ret = fail(err, ERR_NOT_FOUND, "the commit %s%s%s%s is not in this "
		   "repository; if it was pushed, '%s' gets it", commit,
		   branch ? " (of the branch '" : "", branch ? branch : "",
		   branch ? "')" : "", words.buf);
	strbuf_release(&words);
	return ret;
}

static int tree_of_commit(const struct rebuild *r, struct strbuf *tree,
			  struct strbuf *err)
{
	struct child_process child;
	struct strbuf complaint = STRBUF_INIT;
	int status;

	git_scratch_child(&child, r->s, 0);
	strvec_pushl(&child.args, "rev-parse", "--verify", "-q", NULL);
	strvec_pushf(&child.args, "%s^{tree}", r->commit);
	status = pipe_command(&child, NULL, 0, tree, &complaint,
			      GIT_MAX_ANSWER, err);
	strbuf_trim(tree);
	strbuf_release(&complaint);
	if (status > 0)
		return git_say_how_to_get(r->git, err);
	return status;
}

static int read_commit(const struct rebuild *r, struct strbuf *err)
{
	struct child_process child;
	struct strbuf out = STRBUF_INIT;
	int ret;

	git_scratch_child(&child, r->s, 0);
	strvec_pushl(&child.args, "read-tree",
		     r->commit ? r->commit : "--empty", NULL);
	ret = git_run_child(&child, NULL, &out, "git cannot read the commit",
			    ERR_FAILED, err);
	strbuf_release(&out);
	return ret;
}

/* ---- the patch ----------------------------------------------------------- */

static int list_patched(struct rebuild *r, const char *patch,
			struct strbuf *err)
{
	struct child_process child;
	struct strbuf out = STRBUF_INIT;
	const char *p, *end;
	int ret;

	git_scratch_child(&child, r->s, GIT_SCRATCH_OWN);
	strvec_pushl(&child.args, "apply", "--numstat", "-z", patch, NULL);
	ret = git_run_child(&child, NULL, &out, "the recorded patch cannot be "
			    "read", ERR_CONTENT, err);
	end = out.buf + out.len;
	for (p = out.buf; !ret && p < end; p += strlen(p) + 1) {
		const char *path = strchr(p, '\t');

		path = path ? strchr(path + 1, '\t') : NULL;
		if (path)
			strvec_push(&r->patched, path + 1);
	}
	strvec_sort(&r->patched, true);
	strbuf_release(&out);
	return ret;
}

/* Whether git will read what the index has under `path`. */
static bool is_read(const struct rebuild *r, const char *path)
{
	return strvec_find(&r->patched, path) >= 0 ||
	       !strcmp(path_basename(path), ".gitattributes");
}

static int list_ids(const struct rebuild *r, struct strbuf *ids,
		    struct strbuf *err)
{
	struct child_process child;
	struct strbuf out = STRBUF_INIT;
	const char *p, *end;
	int ret;

	git_scratch_child(&child, r->s, 0);
	strvec_pushl(&child.args, "ls-files", "-s", "-z", NULL);
	ret = git_run_child(&child, NULL, &out, "git cannot list the commit",
			    ERR_FAILED, err);
	end = out.buf + out.len;
	/* MODE ID STAGE TAB PATH */
	for (p = out.buf; !ret && p < end; p += strlen(p) + 1) {
		const char *path = strchr(p, '\t'), *id = strchr(p, ' ');

		if (!path || !id || !strncmp(p, "160000 ", 7) ||
		    !is_read(r, path + 1))
			continue;
		strbuf_add(ids, id + 1, strcspn(id + 1, " "));
		strbuf_addch(ids, '\n');
	}
	strbuf_release(&out);
	return ret;
}

/*
 * git writes what the changed files are, and would set the times of those
 * objects of the repository that are the same. So it is given copies of the
 * few that it has to read.
 */
static int copy_objects(const struct rebuild *r, struct strbuf *err)
{
	struct child_process child;
	struct strbuf ids = STRBUF_INIT, out = STRBUF_INIT;
	int ret = list_ids(r, &ids, err);

	if (ret || !ids.len)
		goto cleanup;
	git_scratch_child(&child, r->s, GIT_SCRATCH_OWN | GIT_SCRATCH_LENT);
	strvec_pushl(&child.args, "-c", "pack.writeBitmaps=false",
		     "pack-objects", "-q", "--window=0", NULL);
	strvec_pushf(&child.args, "%s/objects/pack/pack",
		     tempfile_path(r->s->dir));
	ret = git_run_child(&child, &ids, &out, "the files that were changed "
			    "are not in this repository", ERR_CONTENT, err);

cleanup:
	strbuf_release(&ids);
	strbuf_release(&out);
	return ret;
}

static int apply_patch(struct rebuild *r, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, out = STRBUF_INIT;
	struct child_process child;
	int ret = 0;

	/* git is started elsewhere */
	path_absolute(&path, NULL, r->dir);
	strbuf_addstr(&path, "/" PATCH_FILE);
	if (r->patch)
		ret = list_patched(r, path.buf, err);
	if (!ret)
		ret = copy_objects(r, err);
	if (ret || !r->patch)
		goto cleanup;
	git_scratch_child(&child, r->s, GIT_SCRATCH_OWN);
	strvec_pushl(&child.args, "-c", "apply.ignoreWhitespace=no", "apply",
		     "--cached", "--whitespace=nowarn", path.buf, NULL);
	ret = git_run_child(&child, NULL, &out, "the recorded patch does not "
			    "fit the commit", ERR_CONTENT, err);

cleanup:
	strbuf_release(&path);
	strbuf_release(&out);
	return ret;
}

/* ---- what was left out --------------------------------------------------- */

static void note_left_out(struct rebuild *r, const char *path,
			  const struct value *item, const char *reason)
{
	int64_t size = -1;

	value_get_int(item, "size", &size);
	if (size >= 0)
		add_missing(r, "'%s' was not kept (%s, %" PRId64 " bytes)",
			    path, reason, size);
	else
		add_missing(r, "'%s' was not kept (%s)", path, reason);
}

/* A submodule is a commit in the tree; what was changed in it is lost. */
static void take_submodule(struct rebuild *r, const char *path,
			   const struct value *item, struct strbuf *list)
{
	const char *commit = value_get_text(item, "commit");
	struct strbuf id = STRBUF_INIT;
	size_t len;

	if (!commit) {
		add_missing(r, "the submodule '%s' had changed", path);
		return;
	}
	len = strlen(commit);
	if (len > 6 && !strcmp(commit + len - 6, "-dirty")) {
		add_missing(r, "changes within the submodule '%s' were not "
			    "kept", path);
		len -= 6;
	}
	strbuf_add(&id, commit, len);
	if (git_is_id(id.buf) && strspn(id.buf, "0") != id.len) {
		strbuf_addf(list, "160000 %s\t%s", id.buf, path);
		strbuf_addch(list, '\0');
	}
	strbuf_release(&id);
}

/* In the form of update-index --index-info. */
static void take_left_out(struct rebuild *r, struct strbuf *list)
{
	const struct value *left_out = list_of(r->git, "left_out");
	int digits = strcmp(r->s->format, "sha256") ? 40 : 64;
	int64_t more = 0;
	size_t i;

	for (i = 0; left_out && i < left_out->u.list.nr; i++) {
		const struct value *item = left_out->u.list.item[i];
		const char *path = value_get_text(item, "path");
		const char *reason = value_get_text(item, "reason");

		if (!path)
			continue;
		if (!reason)
			reason = "no reason is recorded";
		if (!strcmp(reason, left_out_submodule)) {
			take_submodule(r, path, item, list);
		} else if (!value_map_get(item, "size")) {
			/* its removal */
			strbuf_addf(list, "0 %0*d\t%s", digits, 0, path);
			strbuf_addch(list, '\0');
		} else if (strcmp(reason, left_out_run) ||
			   strvec_find(&r->patched, path) < 0) {
			/* what did not fit as a copy may be in the patch */
			note_left_out(r, path, item, reason);
		}
	}
	if (value_get_int(r->git, "left_out_more.files", &more) && more > 0)
		add_missing(r, "%" PRId64 " more files were not kept", more);
}

static int update_index(const struct rebuild *r, const struct strbuf *list,
			struct strbuf *err)
{
	struct child_process child;
	struct strbuf out = STRBUF_INIT;
	int ret;

	if (!list->len)
		return 0;
	git_scratch_child(&child, r->s, GIT_SCRATCH_OWN);
	strvec_pushl(&child.args, "update-index", "-z", "--index-info", NULL);
	ret = git_run_child(&child, list, &out, "what the record says of the "
			    "code does not fit the commit", ERR_CONTENT, err);
	strbuf_release(&out);
	return ret;
}

/* ---- the copies ---------------------------------------------------------- */

static bool is_copy(int fd, const char *path)
{
	const char *base;
	struct stat st;
	int parent = open_parent_beneath(fd, path, &base);
	bool found;

	if (parent < 0)
		return false;
	found = !fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) &&
		(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode));
	close(parent);
	return found;
}

static void list_copies(struct rebuild *r, const char *files,
			struct strbuf *list)
{
	const struct value *paths = list_of(r->git, "uncommited_files");
	int fd = open(files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	size_t i;

	for (i = 0; paths && i < paths->u.list.nr; i++) {
		const char *path = value_text(paths->u.list.item[i]);

		if (!path || !*path)
			continue;
		if (fd >= 0 && is_copy(fd, path)) {
			strbuf_addstr(list, path);
			strbuf_addch(list, '\0');
		} else {
			add_missing(r, "the copy of '%s' is gone", path);
		}
	}
	if (fd >= 0)
		close(fd);
}

/* As if the copies were a work tree: line ends and filters are as git has
 * them on the way to a commit. */
static int take_copies(struct rebuild *r, struct strbuf *err)
{
	struct strbuf files = STRBUF_INIT, list = STRBUF_INIT;
	struct strbuf out = STRBUF_INIT;
	struct child_process child;
	int ret = 0;

	path_absolute(&files, NULL, r->dir);
	strbuf_addstr(&files, "/" FILES_DIR);
	list_copies(r, files.buf, &list);
	if (!list.len)
		goto cleanup;
	git_scratch_child(&child, r->s, GIT_SCRATCH_OWN);
	child.dir = files.buf;
	strvec_pushf(&child.args, "--work-tree=%s", files.buf);
	strvec_pushl(&child.args, "update-index", "-z", "--add", "--replace",
		     "--stdin", NULL);
	ret = git_run_child(&child, &list, &out, "git does not take the "
			    "recorded files", ERR_CONTENT, err);

cleanup:
	strbuf_release(&files);
	strbuf_release(&list);
	strbuf_release(&out);
	return ret;
}

static int write_tree(const struct rebuild *r, struct strbuf *tree,
		      struct strbuf *err)
{
	struct child_process child;
	int ret;

	git_scratch_child(&child, r->s, GIT_SCRATCH_OWN);
	strvec_pushl(&child.args, "write-tree", "--missing-ok", NULL);
	ret = git_run_child(&child, NULL, tree, "git cannot make a tree",
			    ERR_FAILED, err);
	strbuf_trim(tree);
	return ret;
}

static bool is_changed(const struct rebuild *r)
{
	return r->dir && (r->patch || list_of(r->git, "uncommited_files") ||
			  list_of(r->git, "left_out"));
}

static int build(struct rebuild *r, struct strbuf *tree, struct strbuf *err)
{
	struct strbuf list = STRBUF_INIT;
	int ret = read_commit(r, err);

	if (!ret && r->dir)
		ret = apply_patch(r, err);
	if (!ret && r->dir)
		take_left_out(r, &list);
	if (!ret)
		ret = update_index(r, &list, err);
	if (!ret && r->dir)
		ret = take_copies(r, err);
	if (!ret)
		ret = write_tree(r, tree, err);
	strbuf_release(&list);
	return ret;
}

static void look_for_patch(struct rebuild *r)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;

	if (!r->dir)
		return;
	strbuf_addf(&path, "%s/" PATCH_FILE, r->dir);
	r->patch = !lstat(path.buf, &st) && S_ISREG(st.st_mode);
	if (!r->patch && value_get_text(r->git, "patch"))
		add_missing(r, "'" PATCH_FILE "' is gone");
	strbuf_release(&path);
}

int git_scratch_tree(struct git_scratch *s, const struct value *record,
		     const char *dir, struct strbuf *tree,
		     struct strvec *missing, struct strbuf *err)
{
	struct rebuild r = { .s = s, .dir = dir, .missing = missing,
			     .git = value_map_get(record, "git"),
			     .patched = STRVEC_INIT };
	int ret = 0;

	if (!git_record_has_code(record))
		return fail(err, ERR_NOT_FOUND,
			    "the run was recorded outside of a git repository");
	r.commit = value_get_text(r.git, "commit_hash");
	if (r.commit && !git_is_id(r.commit))
		return fail(err, ERR_CONTENT, "'%s', which the record names "
			    "as its commit, is none", r.commit);
	if (r.commit) {
		struct strbuf commit_tree = STRBUF_INIT;

		ret = tree_of_commit(&r, &commit_tree, err);
		look_for_patch(&r);
		if (!ret && !is_changed(&r))
			strbuf_addbuf(tree, &commit_tree);
		strbuf_release(&commit_tree);
		if (ret || !is_changed(&r))
			goto cleanup;
	} else {
		look_for_patch(&r);
	}
	ret = build(&r, tree, err);

cleanup:
	if (!ret && value_get_text(r.git, "error"))
		add_missing(&r, "git could not tell all of the code: %s",
			    value_get_text(r.git, "error"));
	strvec_release(&r.patched);
	return ret;
}
