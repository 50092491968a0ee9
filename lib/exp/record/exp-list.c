#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-load.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"

#include <dirent.h>

/* Of a record only its time is kept: so many are in memory at once. */
#define RECORDS_AT_ONCE ((size_t)512)

/*
 * What kind of entry it is, DT_DIR or DT_LNK or another. A link to a directory
 * is no experiment: what is written into one must not go elsewhere.
 */
static unsigned char type_of(DIR *dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return DT_UNKNOWN;
	return IFTODT(st.st_mode);
}

/* results_dir that cannot be listed; one that is missing is an empty one. */
static int no_results(const struct project *p, struct strbuf *err)
{
	if (errno == ENOENT && !path_exists(p->results_path))
		return 0;
	if (errno == ENOENT)
		return fail(err, ERR_FAILED, "results_dir '%s' is a link that "
			    "leads nowhere; make what it should lead to, or "
			    "set results_dir in '%s'", p->results_path,
			    p->conf_path);
	if (errno == ENOTDIR)
		return fail(err, ERR_FAILED, "results_dir '%s' is not a "
			    "directory; move it away, or set results_dir in "
			    "'%s'", p->results_path, p->conf_path);
	return fail_errno(err, "cannot read '%s'", p->results_path);
}

static int list_type(const struct project *p, unsigned char type,
		     struct strvec *names, struct strbuf *err)
{
	DIR *dir = opendir(p->results_path);
	const struct dirent *entry;
	int ret = 0;

	if (!dir)
		return no_results(p, err);
	while (errno = 0, (entry = readdir(dir)))
		if (name_is_valid(entry->d_name) && type_of(dir, entry) == type)
			strvec_push(names, entry->d_name);
	if (errno)
		ret = fail_errno(err, "cannot read '%s'", p->results_path);
	closedir(dir);
	strvec_sort(names, false);
	return ret;
}

int exp_list_names(const struct project *p, struct strvec *names,
		   struct strbuf *err)
{
	return list_type(p, DT_DIR, names, err);
}

int exp_list_links(const struct project *p, struct strvec *names,
		   struct strbuf *err)
{
	return list_type(p, DT_LNK, names, err);
}

bool exp_is_here(const struct project *p, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	bool here = false;

	if (name_is_valid(name) || !strcmp(name, NAME_DEBUG)) {
		project_exp_path(p, name, &path);
		here = !lstat(path.buf, &st) && S_ISDIR(st.st_mode);
	}
	strbuf_release(&path);
	return here;
}

bool exp_name_is_taken(const struct project *p, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool taken;

	project_exp_path(p, name, &path);
	taken = path_exists(path.buf);
	strbuf_release(&path);
	return taken;
}

struct dated {
	const char *name;
	struct moment created;
};

static int compare_dated(const void *a, const void *b)
{
	const struct dated *one = a, *two = b;
	int order = moment_compare(&one->created, &two->created);

	return order ? order : strcmp(one->name, two->name);
}

/* The times of names[from..], as many as `dated` has room for. */
static void read_times(struct dated *dated, const struct project *p,
		       const struct strvec *names, size_t from, size_t nr)
{
	struct exp_items items = EXP_ITEMS_INIT;
	struct strvec some = STRVEC_INIT;
	size_t i;

	for (i = 0; i < nr; i++)
		strvec_push(&some, names->v[from + i]);
	exp_load(&items, p, &some);
	for (i = 0; i < nr; i++) {
		dated[i].name = names->v[from + i];
		dated[i].created = items.item[i].created;
	}
	exp_items_release(&items);
	strvec_release(&some);
}

int exp_list_by_time(const struct project *p, struct strvec *names,
		     struct strbuf *err)
{
	struct strvec found = STRVEC_INIT;
	struct dated *dated = NULL;
	size_t i;
	int ret;

	ret = exp_list_names(p, &found, err);
	if (ret || !found.nr)
		goto cleanup;
	dated = xcalloc(found.nr, sizeof(*dated));
	for (i = 0; i < found.nr; i += RECORDS_AT_ONCE)
		read_times(dated + i, p, &found, i,
			   MINIMUM(found.nr - i, RECORDS_AT_ONCE));
	qsort(dated, found.nr, sizeof(*dated), compare_dated);
	for (i = 0; i < found.nr; i++)
		strvec_push(names, dated[i].name);

cleanup:
	free(dated);
	strvec_release(&found);
	return ret;
}

struct remark {
	const char *comment, *stamp;
	bool again;	/* a newer experiment has it too */
};

static int compare_remarks(const void *a, const void *b)
{
	const struct remark *one = a, *two = b;
	int order = strcmp(one->comment, two->comment);

	return order ? order : strncmp(two->stamp, one->stamp, NAME_STAMP_LEN);
}

static int compare_newest(const void *a, const void *b)
{
	const struct remark *one = a, *two = b;
	int order = strncmp(two->stamp, one->stamp, NAME_STAMP_LEN);

	return order ? order : strcmp(one->comment, two->comment);
}

int exp_list_comments(const struct project *p, struct strvec *out,
		      struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	struct remark *remark = NULL;
	size_t i, nr = 0;
	int ret;

	ret = exp_list_names(p, &names, err);
	if (ret || !names.nr)
		goto cleanup;
	remark = xcalloc(names.nr, sizeof(*remark));
	for (i = 0; i < names.nr; i++) {
		struct name_parts parts;

		if (!name_parse(&parts, names.v[i]) || !parts.comment)
			continue;
		remark[nr].comment = parts.comment;
		remark[nr++].stamp = names.v[i] + NAME_PREFIX_LEN + 1;
	}
	qsort(remark, nr, sizeof(*remark), compare_remarks);
	for (i = 1; i < nr; i++)
		remark[i].again = !strcmp(remark[i].comment,
					  remark[i - 1].comment);
	qsort(remark, nr, sizeof(*remark), compare_newest);
	for (i = 0; i < nr; i++)
		if (!remark[i].again)
			strvec_push(out, remark[i].comment);

cleanup:
	free(remark);
	strvec_release(&names);
	return ret;
}
