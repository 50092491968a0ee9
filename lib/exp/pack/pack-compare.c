#include "lib/base/compat.h"
#include "lib/exp/pack/pack-compare.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/wrap/zstream.h"

#define READ_SIZE (256u << 10)

struct comparison {
	const struct pack *pack;
	struct exp_tree tree;
	const struct pack_entry **found;	/* of each entry of the tree */
	char *buffer;
	bool same;
	struct strbuf *why, *err;
};

static void differ(struct comparison *c, const char *path, size_t len,
		   const char *how)
{
	struct strbuf shown = STRBUF_INIT;

	c->same = false;
	if (!c->why)
		return;
	quote_c(&shown, path, len);
	strbuf_addf(c->why, "'%s' %s", shown.buf, how);
	strbuf_release(&shown);
}

static int fail_read(struct comparison *c, const struct exp_entry *e)
{
	struct strbuf shown = STRBUF_INIT;
	int saved = errno;

	quote_c(&shown, e->path, e->path_len);
	fail(c->err, ERR_FAILED, "cannot read '%s' in '%s': %s", shown.buf,
	     c->tree.dir, strerror(saved));
	strbuf_release(&shown);
	return ERR_FAILED;
}

/* The file that a link leads to may lie anywhere; it is only read. */
static int open_entry(struct comparison *c, const struct exp_entry *e,
		      struct stat *st)
{
	const char *base;
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int at, fd, saved;

	at = open_parent_beneath(c->tree.fd, e->path, &base);
	if (at < 0)
		return -1;
	fd = openat(at, base, flags | (S_ISLNK(e->mode) ? 0 : O_NOFOLLOW));
	saved = errno;
	close(at);
	errno = saved;
	if (fd >= 0 && fstat(fd, st)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A link here, and in the pack. Its content is the path that it leads to. */
static int compare_link(struct comparison *c, const struct exp_entry *e,
			const struct pack_entry *p)
{
	const char *base;
	ssize_t len;
	int at;

	at = open_parent_beneath(c->tree.fd, e->path, &base);
	if (at < 0)
		return fail_read(c, e);
	len = readlinkat(at, base, c->buffer, READ_SIZE);
	close(at);
	if (len < 0)
		return fail_read(c, e);
	if ((uint64_t)len != p->size ||
	    zcrc32(0, c->buffer, (size_t)len) != p->crc)
		differ(c, e->path, e->path_len, "leads elsewhere");
	return 0;
}

static int compare_content(struct comparison *c, const struct exp_entry *e,
			   const struct pack_entry *p)
{
	uint64_t left = p->size;
	uint32_t crc = 0;
	struct stat st;
	ssize_t got = 0;
	int fd = open_entry(c, e, &st), ret = 0;

	if (fd < 0 && S_ISLNK(e->mode)) {
		differ(c, e->path, e->path_len, "leads nowhere");
		return 0;
	}
	if (fd < 0)
		return fail_read(c, e);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != p->size) {
		differ(c, e->path, e->path_len, "has another size");
		close(fd);
		return 0;
	}
	while (left) {
		got = read(fd, c->buffer, MINIMUM(left, READ_SIZE));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		crc = zcrc32(crc, c->buffer, (size_t)got);
		left -= (uint64_t)got;
	}
	if (got < 0)
		ret = fail_read(c, e);
	else if (left || crc != p->crc)
		differ(c, e->path, e->path_len, "has another content");
	close(fd);
	return ret;
}

/* The Python tool passes linked directories over. */
static bool is_linked_dir(const struct comparison *c, const struct exp_entry *e)
{
	struct stat st;
	const char *base;
	bool ret;
	int at;

	if (!S_ISLNK(e->mode))
		return false;
	at = open_parent_beneath(c->tree.fd, e->path, &base);
	if (at < 0)
		return false;
	ret = !fstatat(at, base, &st, 0) && S_ISDIR(st.st_mode);
	close(at);
	return ret;
}

/* Without reading: both have the same paths, and files of the same sizes. */
static void compare_shapes(struct comparison *c)
{
	size_t here = 0, there = 0, i;

	for (i = 0; i < c->pack->nr; i++)
		there += !S_ISDIR(c->pack->entry[i].mode);
	for (i = 0; c->same && i < c->tree.nr; i++) {
		const struct exp_entry *e = &c->tree.entry[i];
		const struct pack_entry *p;

		if (S_ISDIR(e->mode))
			continue;
		p = pack_find(c->pack, e->path);
		if (!p && is_linked_dir(c, e))
			continue;
		if (!p)
			differ(c, e->path, e->path_len, "is not there");
		else if (S_ISDIR(p->mode) ||
			 (S_ISLNK(p->mode) && !S_ISLNK(e->mode)))
			differ(c, e->path, e->path_len, "is no file there");
		else if (S_ISREG(e->mode) && e->size != p->size)
			differ(c, e->path, e->path_len, "has another size");
		c->found[i] = p;
		here++;
	}
	if (c->same && here != there) {
		c->same = false;
		if (c->why)
			strbuf_addf(c->why, "%zu files are not here",
				    there - here);
	}
}

static int compare_all(struct comparison *c)
{
	size_t i;
	int ret = 0;

	compare_shapes(c);
	for (i = 0; !ret && c->same && i < c->tree.nr; i++) {
		const struct exp_entry *e = &c->tree.entry[i];
		const struct pack_entry *p = c->found[i];

		if (!p)
			continue;
		ret = S_ISLNK(p->mode) ? compare_link(c, e, p) :
					 compare_content(c, e, p);
	}
	return ret;
}

int pack_compare_dir(const struct pack *p, const char *dir, bool *same,
		     struct strbuf *why, struct strbuf *err)
{
	struct comparison c = { .pack = p, .tree = EXP_TREE_INIT,
				.same = true, .why = why, .err = err };
	int ret = exp_tree_read(&c.tree, dir, err);

	if (ret)
		return ret;
	c.found = xcalloc(c.tree.nr + 1, sizeof(*c.found));
	c.buffer = xmalloc(READ_SIZE);
	ret = compare_all(&c);
	*same = c.same;
	free(c.buffer);
	free(c.found);
	exp_tree_release(&c.tree);
	return ret;
}
