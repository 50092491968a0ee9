/*
 * Artifacts of other programs, copied into the experiment.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/exp/recording/attach-file.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/import/import-internal.h"
#include "lib/exp/record/record.h"
#include "lib/exp/recording/run-place.h"

static int attach(const struct run_place *place, const char *path,
		  const char *name, struct strbuf *err)
{
	struct attach *a = NULL;
	int ret;

	ret = attach_prepare(&a, place, path, name, err);
	if (!ret)
		ret = attach_commit(a, err);
	attach_free(&a);
	return ret;
}

/* Whether the experiment has that file already, of that size and time. */
static bool has_file(const struct run_place *place, const char *name,
		     uint64_t size, int64_t mtime)
{
	int dirfd = open(place->dir.buf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dirfd < 0 ? -1 : open_beneath(dirfd, name, O_PATH);
	struct stat st;
	bool same;

	same = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size && st.st_mtim.tv_sec == mtime;
	if (fd >= 0)
		close(fd);
	if (dirfd >= 0)
		close(dirfd);
	return same;
}

static bool has_bytes(const struct run_place *place,
		      const struct import_item *item)
{
	struct strbuf path = STRBUF_INIT, have = STRBUF_INIT;
	bool same;

	strbuf_addf(&path, "%s/%s", place->dir.buf, item->name);
	same = !read_own_file(&have, path.buf, IMPORT_MAX_BYTES, NULL) &&
	       have.len == item->len && !memcmp(have.buf, item->data, have.len);
	strbuf_release(&have);
	strbuf_release(&path);
	return same;
}

/* What is new or changed below a directory, one file after another. */
static int add_changed(struct import_sink *sink, const struct run_place *place,
		       const struct import_item *item, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, path = STRBUF_INIT;
	struct exp_tree tree = EXP_TREE_INIT;
	size_t i;
	int ret;

	ret = exp_tree_read(&tree, item->path, err);
	for (i = 0; i < tree.skipped.nr && !ret; i++)
		import_problem(sink, "of '%s' is left out: %s", item->path,
			       tree.skipped.v[i]);
	for (i = 0; i < tree.nr && !ret; i++) {
		const struct exp_entry *e = &tree.entry[i];

		strbuf_reset(&name);
		strbuf_reset(&path);
		strbuf_addf(&name, "%s/%s", item->name, e->path);
		strbuf_addf(&path, "%s/%s", item->path, e->path);
		if (!S_ISREG(e->mode) ||
		    has_file(place, name.buf, e->size, e->mtime))
			continue;
		ret = attach(place, path.buf, name.buf, err);
		if (ret == ERR_CONFLICT || ret == ERR_NOT_FOUND) {
			import_problem(sink, "%s", err ? err->buf : "");
			if (err)
				strbuf_reset(err);
			ret = 0;
		}
	}
	exp_tree_release(&tree);
	strbuf_release(&path);
	strbuf_release(&name);
	return ret;
}

static int add_bytes(const struct run_place *place,
		     const struct import_item *item, struct strbuf *err)
{
	struct attach *a = NULL;
	int fd, ret = attach_begin(&a, place, item->name, &fd, err);

	if (!ret && sys_write_all(fd, item->data, item->len)) {
		fail_errno(err, "cannot write '%s'", item->name);
		ret = ERR_FAILED;
	}
	if (!ret)
		ret = attach_commit(a, err);
	attach_free(&a);
	return ret;
}

int import_before_adding(const struct project *p, const char *dir,
			 struct strbuf *err)
{
	const struct record_change nothing = { .merge = NULL };
	struct value *record = NULL;
	const char *state;
	int ret = record_read(&record, dir, err);

	state = ret ? NULL : value_get_text(record, "state");
	if (!ret && (!state || strcmp(state, "running")))
		ret = record_update_at(dir, p, &nothing, RECORD_SYNC_ALL, NULL,
				       err);
	value_free(record);
	return ret;
}

/* As it is, links and all; where it holds what no experiment can, one file
 * after another. */
static int add_dir(struct import_sink *sink, const struct run_place *place,
		   const struct import_item *item, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = attach(place, item->path, item->name, &why);

	if (ret == ERR_USAGE)
		ret = add_changed(sink, place, item, err);
	else if (ret && err)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}

int import_write_items(struct import_sink *sink, const char *dir, bool grown,
		       struct strbuf *err)
{
	struct run_place place = RUN_PLACE_INIT;
	size_t i;
	int ret = 0;

	strbuf_addstr(&place.dir, dir);
	for (i = 0; i < sink->item_nr && !ret; i++) {
		const struct import_item *item = &sink->item[i];
		struct stat st;

		if (!item->path)
			ret = grown && has_bytes(&place, item) ? 0 :
			      add_bytes(&place, item, err);
		else if (lstat(item->path, &st))
			import_problem(sink, "'%s' has gone", item->path);
		else if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
			import_problem(sink, "'%s' is neither a file nor a "
				       "directory, so it is left out",
				       item->path);
		else if (S_ISDIR(st.st_mode) && grown)
			ret = add_changed(sink, &place, item, err);
		else if (S_ISDIR(st.st_mode))
			ret = add_dir(sink, &place, item, err);
		else if (!grown || !has_file(&place, item->name,
					     (uint64_t)st.st_size,
					     st.st_mtim.tv_sec))
			ret = attach(&place, item->path, item->name, err);
	}
	strbuf_release(&place.dir);
	return ret;
}
