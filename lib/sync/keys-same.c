/*
 * A file is read once, for all the checksums that its object has.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/sync/object-sums.h"

/* ---- the file here ------------------------------------------------------- */

bool keys_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int keys_open_file(struct keys_item *item, int *fd, struct stat *st,
		   struct strbuf *err)
{
	*fd = open_beneath(item->run->root, item->key,
			   O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return keys_fail_errno(item, "read", err);
	if (fstat(*fd, st) || !S_ISREG(st->st_mode)) {
		close(*fd);
		*fd = -1;
		return fail(err, ERR_CONFLICT, "'%s' is no regular file any "
			    "more", item->key);
	}
	return 0;
}

static int add_file(struct object_sums *s, struct keys_item *item, int fd,
		    struct strbuf *err)
{
	char *buf = xmalloc(KEYS_BUFFER);
	ssize_t n = 1;

	while (n > 0 && !keys_stopped(item->run)) {
		n = read(fd, buf, KEYS_BUFFER);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n > 0)
			object_sums_add(s, buf, (size_t)n);
	}
	free(buf);
	if (n < 0)
		return keys_fail_errno(item, "read", err);
	if (n > 0)
		return fail(err, ERR_FAILED, "'%s' was not read to its end",
			    item->key);
	return 0;
}

/* The sums of both are of what was listed, or nobody could say which. */
static int compare_sums(struct keys_item *item, bool *same,
			struct strbuf *err)
{
	struct object_sums *sums = NULL;
	struct stat before, after;
	int fd, ret;

	ret = keys_open_file(item, &fd, &before, err);
	if (ret)
		return ret;
	ret = object_sums_start(&sums, item->object.sums, err);
	if (!ret)
		ret = add_file(sums, item, fd, err);
	if (!ret && fstat(fd, &after))
		ret = keys_fail_errno(item, "read", err);
	if (!ret)
		*same = object_sums_agree(&sums, &item->object) &&
			after.st_size == (off_t)item->object.size &&
			keys_unchanged(&before, &after);
	object_sums_drop(&sums);
	close(fd);
	return ret;
}

int keys_compare(struct keys_item *item, bool *same, struct strbuf *err)
{
	struct object *o = &item->object;
	struct object summed = OBJECT_INIT;
	int ret = 0;

	*same = false;
	if (o->size != (uint64_t)item->st.st_size)
		return 0;
	if (!o->sums)
		ret = transport_sum(item->run->t, item->key, o->version, true,
				    &summed, err);
	if (ret) {
		object_release(&summed);
		/* It was there a moment ago. */
		return ret == ERR_NOT_FOUND ? ERR_CONFLICT : ret;
	}
	if (!o->sums) {
		object_release(o);
		*o = summed;
	}
	return compare_sums(item, same, err);
}

int keys_begin(struct keys_item *item, bool there_is, bool *same,
	       struct strbuf *err)
{
	struct keys_run *run = item->run;

	*same = false;
	if (run->progress)
		item->progress = progress_part(run->progress);
	return there_is ? keys_compare(item, same, err) : 0;
}
