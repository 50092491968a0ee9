/*
 * Some files of a pack. They are unpacked beside the target like a whole pack,
 * so each is checked before it is seen; where the target is there already, what
 * it lacks is then moved into it, one after another, over nothing.
 */
#include "lib/base/compat.h"
#include "lib/sync/fetch-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/glob.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/record/live.h"
#include "lib/wrap/zstream.h"

#define READ_SIZE (256u << 10)

/* ---- what is meant ------------------------------------------------------- */

/* "./a//b/" is "a/b"; "." is "". */
static void add_spec(struct strvec *out, const char *word)
{
	struct strbuf spec = STRBUF_INIT;
	size_t len;

	while (*word) {
		len = strcspn(word, "/");
		if (len && !(len == 1 && *word == '.')) {
			if (spec.len)
				strbuf_addch(&spec, '/');
			strbuf_add(&spec, word, len);
		}
		word += len + (word[len] == '/');
	}
	strvec_push(out, spec.buf);
	strbuf_release(&spec);
}

/* The path, or a directory above it, is what the word says. */
static bool spec_matches(const char *spec, const char *path, size_t len,
			 struct strbuf *scratch)
{
	size_t spec_len = strlen(spec), at;
	bool magic = glob_has_magic(spec);

	if (!spec_len)
		return true;
	if (len && path[len - 1] == '/')
		len--;
	if (len >= spec_len && !memcmp(path, spec, spec_len) &&
	    (len == spec_len || path[spec_len] == '/'))
		return true;
	for (at = 1; magic && at <= len; at++) {
		if (at < len && path[at] != '/')
			continue;
		strbuf_reset(scratch);
		strbuf_add(scratch, path, at);
		if (glob_match(spec, scratch->buf))
			return true;
	}
	return false;
}

struct selection {
	struct strvec specs;
	bool *used;		/* of each */
	bool *keep;		/* of each entry */
};

static void match_entries(struct selection *s, const struct pack *p)
{
	struct strbuf scratch = STRBUF_INIT;
	size_t i, k;

	for (i = 0; i < p->nr; i++) {
		const struct pack_entry *e = &p->entry[i];

		s->keep[i] = exp_tree_is_record(e->path, e->mode);
		for (k = 0; k < s->specs.nr; k++)
			if (spec_matches(s->specs.v[k], e->path, e->path_len,
					 &scratch))
				s->keep[i] = s->used[k] = true;
	}
	strbuf_release(&scratch);
}

/* In byte order what lies in a directory follows it at once. */
static void keep_parents(struct selection *s, const struct pack *p)
{
	const struct pack_entry *kept = NULL;
	size_t pos, i;

	for (pos = p->nr; pos-- > 0;) {
		const struct pack_entry *e;

		i = p->by_path[pos];
		e = &p->entry[i];
		if (kept && S_ISDIR(e->mode) && kept->path_len > e->path_len &&
		    !memcmp(kept->path, e->path, e->path_len))
			s->keep[i] = true;
		if (s->keep[i])
			kept = e;
	}
}

static void drop_others(const struct selection *s, struct pack *p)
{
	uint32_t *moved = xcalloc(p->nr, sizeof(*moved));
	size_t nr = 0, i, pos;

	p->size = 0;
	for (i = 0; i < p->nr; i++) {
		if (!s->keep[i])
			continue;
		moved[i] = (uint32_t)nr;
		p->entry[nr++] = p->entry[i];
		p->size += p->entry[i].size;
	}
	for (pos = i = 0; pos < p->nr; pos++)
		if (s->keep[p->by_path[pos]])
			p->by_path[i++] = moved[p->by_path[pos]];
	p->nr = nr;
	free(moved);
}

static int check_used(const struct selection *s, const struct pack *p,
		      struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	size_t k;
	int ret = 0;

	for (k = 0; !ret && k < s->specs.nr; k++) {
		if (s->used[k])
			continue;
		quote_c(&shown, s->specs.v[k], strlen(s->specs.v[k]));
		ret = fail(err, ERR_NOT_FOUND, "nothing in '%s' is '%s'",
			   p->source->name, shown.buf);
	}
	strbuf_release(&shown);
	return ret;
}

int fetch_select(struct pack *p, const struct strvec *paths, bool *all,
		 struct strbuf *err)
{
	struct selection s = { .specs = STRVEC_INIT };
	size_t i;
	int ret;

	for (i = 0; i < paths->nr; i++)
		add_spec(&s.specs, paths->v[i]);
	s.used = xcalloc(s.specs.nr + 1, sizeof(*s.used));
	s.keep = xcalloc(p->nr + 1, sizeof(*s.keep));
	match_entries(&s, p);
	ret = check_used(&s, p, err);
	if (ret)
		goto cleanup;
	keep_parents(&s, p);
	for (*all = true, i = 0; i < p->nr; i++)
		*all = *all && s.keep[i];
	if (!*all) {
		drop_others(&s, p);
		/* The hashes in the comment are those of all of it. */
		p->info.version = 0;
	}

cleanup:
	free(s.keep);
	free(s.used);
	strvec_release(&s.specs);
	return ret;
}

/* ---- what is here -------------------------------------------------------- */

enum presence { IS_MISSING, IS_SAME, IS_OTHER };

static int read_crc(int fd, uint64_t size, uint32_t *crc)
{
	char *buf = xmalloc(READ_SIZE);
	ssize_t got;

	*crc = 0;
	while (size) {
		got = read(fd, buf, (size_t)MINIMUM(size, READ_SIZE));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		*crc = zcrc32(*crc, buf, (size_t)got);
		size -= (uint64_t)got;
	}
	free(buf);
	return size ? -1 : 0;
}

static enum presence compare_file(int at, const char *base,
				  const struct pack_entry *e)
{
	int fd = openat(at, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
			O_NONBLOCK | O_NOCTTY);
	enum presence ret = IS_OTHER;
	struct stat st;
	uint32_t crc;

	if (fd < 0)
		return IS_OTHER;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size == e->size && !read_crc(fd, e->size, &crc) &&
	    crc == e->crc)
		ret = IS_SAME;
	close(fd);
	return ret;
}

/* The content of a link's entry is where it leads to. */
static enum presence compare_link(int at, const char *base,
				  const struct pack_entry *e)
{
	char target[PATH_MAX + 1];
	ssize_t len = readlinkat(at, base, target, sizeof(target));

	return len >= 0 && (uint64_t)len == e->size &&
	       zcrc32(0, target, (size_t)len) == e->crc ? IS_SAME : IS_OTHER;
}

/* What is below `dirfd` under the path of an entry. */
static enum presence look_for(int dirfd, const struct pack_entry *e)
{
	char *path = xmemdupz(e->path, e->path_len - S_ISDIR(e->mode));
	enum presence ret = IS_OTHER;
	const char *base;
	struct stat st;
	int at = open_parent_beneath(dirfd, path, &base);

	if (at < 0)
		ret = errno == ENOENT ? IS_MISSING : IS_OTHER;
	else if (fstatat(at, base, &st, AT_SYMLINK_NOFOLLOW))
		ret = errno == ENOENT ? IS_MISSING : IS_OTHER;
	else if ((st.st_mode & S_IFMT) != (e->mode & S_IFMT))
		ret = IS_OTHER;
	else if (S_ISDIR(e->mode))
		ret = IS_SAME;
	else
		ret = S_ISLNK(e->mode) ? compare_link(at, base, e) :
					 compare_file(at, base, e);
	if (at >= 0)
		close(at);
	free(path);
	return ret;
}

static int refuse(const struct pack *p, const char *path, size_t len,
		  struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	int ret;

	quote_c(&shown, path, len);
	ret = fail(err, ERR_CONFLICT, "'%s' is here, and is not what '%s' has; "
		   "--force without paths replaces all that is here",
		   shown.buf, p->source->name);
	strbuf_release(&shown);
	return ret;
}

int fetch_check_here(const struct pack *p, const char *dir,
		     struct strbuf *err)
{
	struct exp_tree tree = EXP_TREE_INIT;
	const struct pack_entry *e;
	size_t i;
	int ret;

	ret = exp_tree_read(&tree, dir, err);
	if (ret)
		return ret;
	for (i = 0; !ret && i < tree.nr; i++) {
		const struct exp_entry *here = &tree.entry[i];

		e = pack_find(p, here->path);
		if (e ? look_for(tree.fd, e) == IS_SAME :
			S_ISDIR(here->mode))
			continue;
		ret = refuse(p, here->path, here->path_len, err);
	}
	exp_tree_release(&tree);
	return ret;
}

/* ---- what is not --------------------------------------------------------- */

/* Leaves in `p` what `dirfd` lacks. */
static int keep_missing(struct pack *p, int dirfd, struct strbuf *err)
{
	struct selection s = { .specs = STRVEC_INIT };
	size_t i;
	int ret = 0;

	s.keep = xcalloc(p->nr + 1, sizeof(*s.keep));
	for (i = 0; !ret && i < p->nr; i++) {
		const struct pack_entry *e = &p->entry[i];
		enum presence is = look_for(dirfd, e);

		s.keep[i] = is == IS_MISSING;
		if (is == IS_OTHER)
			ret = refuse(p, e->path, e->path_len, err);
	}
	if (!ret)
		drop_others(&s, p);
	p->info.version = 0;	/* as for any that is not whole */
	free(s.keep);
	return ret;
}

struct merge {
	int from, to;		/* directories */
	struct strbuf *err;
};

static int fail_merge(const struct merge *m, const char *path, uint32_t len)
{
	struct strbuf shown = STRBUF_INIT;
	int saved = errno, ret;

	quote_c(&shown, path, len);
	errno = saved;
	if (saved == EEXIST)
		ret = fail(m->err, ERR_CONFLICT, "'%s' was made here by "
			   "another meanwhile", shown.buf);
	else
		ret = fail_errno(m->err, "cannot make '%s'", shown.buf);
	strbuf_release(&shown);
	return ret;
}

static int move_file(int from, int to, const char *base)
{
	if (!sys_renameat(from, base, to, base, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	/* The other name goes with the temporary directory. */
	return sys_linkat(from, base, to, base);
}

static int merge_entry(const char *path, uint32_t len,
		       const struct pack_entry *e, size_t pos UNUSED,
		       void *data)
{
	const struct merge *m = data;
	bool is_dir = !e || S_ISDIR(e->mode);
	char *name = xmemdupz(path, len - is_dir);
	const char *base;
	int from = open_parent_beneath(m->from, name, &base);
	int to = open_parent_beneath(m->to, name, &base);
	struct stat st;
	int ret = 0;

	if (from < 0 || to < 0)
		ret = -1;
	else if (!is_dir)
		ret = move_file(from, to, base);
	else if (!fstatat(to, base, &st, AT_SYMLINK_NOFOLLOW))
		ret = 0;	/* another kind fails below */
	else if (!fstatat(from, base, &st, AT_SYMLINK_NOFOLLOW))
		ret = sys_mkdirat(to, base, st.st_mode & 0777);
	else
		ret = -1;
	if (ret)
		ret = fail_merge(m, path, len);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	free(name);
	return ret;
}

/* Nobody writes into it meanwhile, and what came is durable. */
static int merge(struct fetch_item *item, const struct pack *p, int to,
		 struct strbuf *err)
{
	struct merge m = { .to = to, .err = err };
	struct live *rest = NULL;
	int ret;

	m.from = open(unpack_stage_path(item->stage), O_RDONLY | O_DIRECTORY |
		      O_NOFOLLOW | O_CLOEXEC);
	if (m.from < 0)
		return fail_errno(err, "cannot open '%s'",
				  unpack_stage_path(item->stage));
	ret = exp_rest_take(&rest, item->f->project, item->name,
			    EXP_REST_COPY, err);
	if (!ret)
		ret = unpack_stage_sync(item->stage, err);
	if (!ret)
		ret = pack_walk(p, merge_entry, &m);
	if (!ret && sys_syncfs(to))
		ret = fail_errno(err, "cannot sync '%s'", item->dir.buf);
	live_unlock_writer(&rest);
	close(m.from);
	return ret;
}

int fetch_add_missing(struct fetch_item *item, struct pack *p, size_t *added,
		      uint64_t *bytes, struct strbuf *err)
{
	int to = open(item->dir.buf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		      O_CLOEXEC);
	int ret;

	if (to < 0)
		return fail_errno(err, "cannot open '%s'", item->dir.buf);
	ret = keep_missing(p, to, err);
	*added = p->nr;
	*bytes = p->size;
	if (!ret && p->nr && !item->f->options->dry_run) {
		item->beside = true;
		ret = fetch_stage(item, p, err);
		if (!ret)
			ret = merge(item, p, to, err);
		unpack_stage_end(&item->stage);
	}
	close(to);
	return ret;
}
