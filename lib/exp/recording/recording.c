#include "lib/base/compat.h"
#include "lib/exp/recording/recording.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

#include <dirent.h>

/* Rows of an earlier run would become rows of this one. */
static int remove_metrics(const char *dir, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	enum metrics_format format;
	const struct dirent *entry;
	const char *series;
	uint64_t number;
	size_t len;
	DIR *stream = opendir(dir);
	int ret = 0;

	while (stream && !ret && (entry = readdir(stream))) {
		if (!metrics_parse_name(entry->d_name, &format, &number,
					&series, &len))
			continue;
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir, entry->d_name);
		if (sys_remove_tree(path.buf))
			ret = fail_errno(err, "cannot remove '%s'", path.buf);
	}
	if (stream)
		closedir(stream);
	strbuf_release(&path);
	return ret;
}

/* A link would lead what we write out of the project. */
static int make_debug(const struct recording *r, struct strbuf *err)
{
	static const char *const old[] = {
		"uncommited_files", "uncommited.patch", "stdout.log",
		"stderr.log", "traceback.txt"
	};
	struct strbuf path = STRBUF_INIT;
	size_t i;
	int ret = 0;

	if (path_exists(r->dir.buf) && !exp_is_here(r->project, NAME_DEBUG))
		return fail(err, ERR_CONFLICT, "'%s' is no directory",
			    r->dir.buf);
	if (sys_mkdir_all(r->dir.buf, 0777))
		return fail_errno(err, "cannot make directory '%s'",
				  r->dir.buf);
	for (i = 0; i < ARRAY_SIZE(old) && !ret; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", r->dir.buf, old[i]);
		if (sys_remove_tree(path.buf))
			ret = fail_errno(err, "cannot remove '%s'", path.buf);
	}
	strbuf_release(&path);
	return ret ? ret : remove_metrics(r->dir.buf, err);
}

/* --debug: one directory, used again, never an experiment. */
static int open_debug(struct recording *r, struct strbuf *err)
{
	int ret;

	strbuf_addstr(&r->name, NAME_DEBUG);
	project_exp_path(r->project, NAME_DEBUG, &r->dir);
	ret = project_need_results(r->project, err);
	if (ret)
		return ret;
	ret = live_start(&r->live, r->project, NAME_DEBUG, err);
	if (ret == ERR_CONFLICT)
		return fail(err, ret, "another debug run uses '%s'",
			    r->dir.buf);
	return ret ? ret : make_debug(r, err);
}

int recording_open(struct recording *r, const struct moment *created,
		   struct strbuf *err)
{
	int ret;

	if (r->debug)
		return open_debug(r, err);
	ret = birth_start(&r->birth, r->project, created, r->comment, err);
	if (ret)
		return ret;
	strbuf_addstr(&r->name, birth_name(r->birth));
	strbuf_addstr(&r->dir, birth_dir(r->birth));
	return 0;
}

int recording_add_code(struct recording *r, struct git_state *state,
		       struct strbuf *err)
{
	struct value *git = NULL;
	int ret = git_state_capture(state, r->dir.buf, &git, &r->nr_files, err);

	if (!ret)
		value_map_set(r->record, "git", git);
	return ret;
}

int recording_lock(struct recording *r, struct strbuf *err)
{
	if (r->debug)		/* since it was opened */
		return 0;
	return live_start(&r->live, r->project,
			  value_get_text(r->record, "id"), err);
}

int recording_claim(struct recording *r, struct strbuf *err)
{
	int ret;

	if (r->debug)
		return record_write(r->record, r->dir.buf, true, err);
	ret = birth_claim(r->birth, r->record, r->nr_files, err);
	if (ret)
		return ret;
	strbuf_reset(&r->name);
	strbuf_addstr(&r->name, birth_name(r->birth));
	strbuf_reset(&r->dir);
	strbuf_addstr(&r->dir, birth_dir(r->birth));
	return 0;
}

void recording_release(struct recording *r)
{
	value_free(r->record);
	live_end(&r->live);
	birth_end(&r->birth);
	strbuf_release(&r->name);
	strbuf_release(&r->dir);
	memset(r, 0, sizeof(*r));
}
