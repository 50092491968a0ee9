/*
 * The records of all experiments here: each on its own, by several threads,
 * and then what they say of each other. Of each only what the latter needs is
 * kept.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/progress.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/check/check-internal.h"
#include "lib/exp/check/check-ties.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

#include <dirent.h>

#define AT_ONCE ((size_t)512)
#define MIN_JOBS 4		/* most of it is waiting for the disk */

struct look {
	struct work work;
	const char *dir;
	const char *id;		/* of what is wrong; NULL: nothing */
	bool gone;		/* it was removed meanwhile */
	struct strbuf why;
	struct value *record;	/* NULL: it cannot be read */
	struct strvec temps;	/* left by writers of the record */
};

/* ---- in a thread --------------------------------------------------------- */

static void look_for_temps(struct look *l, int fd)
{
	const struct dirent *entry;
	DIR *dir = fdopendir(fd);
	pid_t pid;

	if (!dir)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (temp_name_parse(entry->d_name, RECORD_FILE, &pid))
			strvec_push(&l->temps, entry->d_name);
	if (dir)
		closedir(dir);
	strvec_sort(&l->temps, false);
}

/* record_read() gives each an empty list of dependencies. */
static bool holds_nothing(const struct value *record)
{
	const struct value *list = value_map_get(record, "dependency");

	return !record->u.map.nr || (record->u.map.nr == 1 && list &&
				     !list->u.list.nr);
}

static void read_it(struct look *l)
{
	int ret = record_read(&l->record, l->dir, &l->why);

	if (ret)
		l->record = NULL;
	if (ret == ERR_NOT_FOUND) {
		l->id = "record-missing";
	} else if (ret == ERR_CONTENT) {
		l->id = "record-invalid";
	} else if (ret) {
		l->id = "record-unreadable";
	} else if (holds_nothing(l->record)) {
		/* so leave some disks a file after a power failure */
		l->id = "record-invalid";
		strbuf_addstr(&l->why, "the record is empty; if a store has "
			      "the experiment, remove it here, and pull it");
	} else if (record_check(l->record, &l->why)) {
		l->id = "record-invalid";
	}
}

static void look(struct work *work, unsigned worker UNUSED)
{
	struct look *l = (struct look *)work;
	struct stat st;
	int fd;

	fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l->gone = fd < 0 && (errno == ENOENT || errno == ENOTDIR ||
			     errno == ELOOP);
	if (l->gone)
		return;
	if (fd < 0) {
		l->id = "record-unreadable";
		fail_errno(&l->why, "cannot read '%s'", l->dir);
		return;
	}
	if (!fstatat(fd, RECORD_FILE, &st, AT_SYMLINK_NOFOLLOW) &&
	    !S_ISREG(st.st_mode)) {
		l->id = "record-unreadable";
		strbuf_addf(&l->why, "'%s/" RECORD_FILE "' is %s", l->dir,
			    S_ISLNK(st.st_mode) ? "a link, no file" :
						  "no regular file");
	} else {
		read_it(l);
	}
	look_for_temps(l, fd);
}

/* ---- what it means ------------------------------------------------------- */

/* Removed, or made whole, between our first look and this one. */
static bool is_settled(const struct check *c, const char *name,
		       const struct look *l)
{
	struct look again = { .dir = l->dir, .why = STRBUF_INIT,
			      .temps = STRVEC_INIT };
	bool settled;

	if (!exp_is_here(c->p, name))
		return true;
	look(&again.work, 0);
	settled = again.gone || !again.id;
	value_free(again.record);
	strvec_release(&again.temps);
	strbuf_release(&again.why);
	return settled;
}

static void tell_problem(struct check *c, const char *name,
			 const struct look *l)
{
	struct finding f = { .level = FINDING_ERROR, .id = l->id,
			     .name = name };
	struct strbuf path = STRBUF_INIT, word = STRBUF_INIT;

	strbuf_addstr(&path, l->dir);
	if (!strcmp(l->id, "record-missing")) {
		/* "NAME copy" as two words would remove NAME */
		quote_shell(&word, name);
		check_found(c, &f, path.buf, "it has no '" RECORD_FILE "'; if "
			    "a store has it, 'resutil rm -l %s' and then "
			    "'resutil pull %s' get it again", word.buf,
			    word.buf);
	} else {
		strbuf_addstr(&path, "/" RECORD_FILE);
		check_found(c, &f, path.buf, "%s", l->why.buf);
	}
	strbuf_release(&word);
	strbuf_release(&path);
}

/* The last sign of life: when it or its recorder wrote for the last time. */
static void add_last_sign(struct value *changes, const char *dir)
{
	static const char *const files[] = { RECORD_FILE, "stdout.log",
					     "stderr.log" };
	struct moment last = { .offset = moment_now().offset };
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		struct moment m = last;

		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir, files[i]);
		if (lstat(path.buf, &st))
			continue;
		m.sec = st.st_mtim.tv_sec;
		m.usec = (int32_t)(st.st_mtim.tv_nsec / 1000);
		if (moment_compare(&last, &m) < 0)
			last = m;
	}
	if (last.sec)
		record_set_moment(changes, "at.finished", &last);
	strbuf_release(&path);
}

/* Under the writer's lock, and only if it is still lost by then. */
static int write_lost(const struct project *p, const char *name,
		      const char *dir, struct strbuf *err)
{
	struct value *record = NULL, *changes = value_new_map();
	struct live *lock = NULL;
	int ret;

	value_map_set_str(changes, "state", "lost");
	ret = exp_rest_take(&lock, p, name, 0, err);
	if (!ret)
		ret = record_read_raw(&record, dir, err);
	if (!ret && live_state_of(p, record) == LIVE_LOST) {
		add_last_sign(changes, dir);
		record_merge(record, changes);
		ret = record_write(record, dir, true, err);
	}
	live_unlock_writer(&lock);
	value_free(record);
	value_free(changes);
	return ret;
}

/*
 * Whether it was recorded here, and is no copy of what another clone on this
 * host runs: that one will say how it ended, as another host would. What is
 * run here is run from inside the project, and one that died has left its live
 * file.
 */
static bool is_ours(const struct check *c, const char *name,
		    const struct value *record)
{
	const char *id = value_get_text(record, "id");
	const char *cwd = value_get_text(record, "cwd");
	struct strbuf path = STRBUF_INIT;
	bool ours = false;

	if (cwd && *cwd == '/' && strlen(cwd) < PATH_MAX) {
		path_real(&path, cwd);
		ours = path_below(path.buf, c->p->root) != NULL;
	}
	if (!ours) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/.resutil/live/%s", c->p->root,
			    id && record_is_id(id) ? id : name);
		ours = path_exists(path.buf);
	}
	strbuf_release(&path);
	return ours;
}

/* A run that was lost breaks no rule, and whatever shows its state shows that,
 * so it is no finding: only that this gets written is told. */
static void tell_lost(struct check *c, const char *name, const char *dir)
{
	struct finding f = { .level = FINDING_NOTE, .id = "run-lost",
			     .name = name };
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	static const char what[] =
		"the run ended without anybody to record how";

	strbuf_addf(&path, "%s/" RECORD_FILE, dir);
	if (c->options->flags & CHECK_DRY_RUN) {
		f.state = FINDING_WOULD;
		check_found(c, &f, path.buf, "%s", what);
	} else if (!write_lost(c->p, name, dir, &why)) {
		f.state = FINDING_MENDED;
		check_found(c, &f, path.buf, "%s; 'state: lost' is written",
			    what);
	} else {
		c->failed++;
		check_found(c, &f, path.buf, "%s, and that cannot be written: "
			    "%s", what, why.buf);
	}
	strbuf_release(&why);
	strbuf_release(&path);
}

static int remove_file(struct check *c UNUSED, const char *path)
{
	return sys_unlink(path);
}

static void tell_temps(struct check *c, const char *name, const struct look *l)
{
	struct strbuf path = STRBUF_INIT;
	struct leftover left;
	size_t i;
	pid_t pid;

	for (i = 0; i < l->temps.nr; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", l->dir, l->temps.v[i]);
		if (!temp_name_parse(l->temps.v[i], RECORD_FILE, &pid) ||
		    !leftover_look(&left, path.buf, pid, false))
			continue;
		check_leftover(c, "temp-file", path.buf, name, &left,
			       remove_file, "a record that was not written to "
			       "its end");
		leftover_release(&left);
	}
	strbuf_release(&path);
}

static void remember(struct check *c, struct ties *ties, size_t nr,
		     const struct look *l)
{
	struct check_exp *exp = &c->exp[nr];
	const char *id = value_get_text(l->record, "id");
	const char *state = value_get_text(l->record, "state");

	if (id && record_is_id(id))
		memcpy(exp->id, id, sizeof(exp->id));
	exp->goes_on = state && !record_state_is_final(state);
	ties_note(ties, nr, l->record);
}

static void tell_one(struct check *c, struct ties *ties, size_t nr,
		     const struct look *l)
{
	const char *name = c->names.v[nr];

	if (l->gone)
		return;
	if (l->id && !is_settled(c, name, l))
		tell_problem(c, name, l);
	tell_temps(c, name, l);
	if (!l->record)
		return;
	remember(c, ties, nr, l);
	if (c->exp[nr].goes_on &&
	    (c->options->flags & CHECK_REPAIR) &&
	    live_state_of(c->p, l->record) == LIVE_LOST &&
	    is_ours(c, name, l->record))
		tell_lost(c, name, l->dir);
}

static void look_at_some(struct check *c, struct workers *w,
			 struct ties *ties, size_t from, size_t nr)
{
	struct look *looks = xcalloc(nr, sizeof(*looks));
	struct strbuf dir = STRBUF_INIT;
	struct strvec dirs = STRVEC_INIT;
	size_t i;

	for (i = 0; i < nr; i++) {
		strbuf_reset(&dir);
		project_exp_path(c->p, c->names.v[from + i], &dir);
		strvec_push(&dirs, dir.buf);
		strbuf_init(&looks[i].why);
		strvec_init(&looks[i].temps);
		looks[i].work.fn = look;
	}
	for (i = 0; i < nr; i++) {
		looks[i].dir = dirs.v[i];
		workers_add(w, &looks[i].work);
	}
	for (i = 0; i < nr; i++) {
		workers_wait(w, &looks[i].work);
		tell_one(c, ties, from + i, &looks[i]);
		value_free(looks[i].record);
		strvec_release(&looks[i].temps);
		strbuf_release(&looks[i].why);
	}
	free(looks);
	strvec_release(&dirs);
	strbuf_release(&dir);
}

/* ---- names --------------------------------------------------------------- */

/* Whether it begins as only our names do. */
static bool has_our_head(const char *entry)
{
	char stamp[NAME_STAMP_LEN + 1];
	struct tm tm;
	size_t i;

	if (strlen(entry) < NAME_HEAD_LEN || entry[NAME_PREFIX_LEN] != '_' ||
	    (entry[NAME_HEAD_LEN] && entry[NAME_HEAD_LEN] != '_'))
		return false;
	for (i = 0; i < NAME_PREFIX_LEN; i++)
		if (entry[i] < 'a' || entry[i] > 'z')
			return false;
	memcpy(stamp, entry + NAME_PREFIX_LEN + 1, NAME_STAMP_LEN);
	stamp[NAME_STAMP_LEN] = '\0';
	return name_parse_stamp(&tm, stamp);
}

static void look_at_names(struct check *c)
{
	static const struct finding f = { .level = FINDING_ERROR,
					  .id = "bad-name" };
	struct strvec entries = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	struct stat st;
	size_t i;

	check_entries(c->p->results_path, &entries);
	for (i = 0; i < entries.nr; i++) {
		const char *entry = entries.v[i];

		strbuf_reset(&path);
		project_exp_path(c->p, entry, &path);
		if (name_is_valid(entry) || !has_our_head(entry) ||
		    lstat(path.buf, &st) || !S_ISDIR(st.st_mode))
			continue;
		strbuf_reset(&why);
		if (entry[NAME_HEAD_LEN] &&
		    name_check_comment(entry + NAME_HEAD_LEN + 1,
				       strlen(entry) - NAME_HEAD_LEN - 1,
				       &why) == 0)
			strbuf_addstr(&why, "the name is too long");
		check_found(c, &f, path.buf, "it is no experiment, since its "
			    "name is none: %s; rename the directory",
			    why.len ? why.buf : "its comment is empty");
	}
	strbuf_release(&why);
	strbuf_release(&path);
	strvec_release(&entries);
}

int check_records(struct check *c, struct strbuf *err UNUSED)
{
	unsigned jobs = c->options->jobs;
	struct ties *ties = ties_new(c);
	struct progress *progress;
	struct workers *w;
	size_t i;

	/* Found once, before the threads. */
	record_host();
	record_boot_id();
	look_at_names(c);
	c->exp = xcalloc(c->names.nr + 1, sizeof(*c->exp));
	for (i = 0; i < c->names.nr; i++)
		c->exp[i].name = c->names.v[i];
	w = workers_start(jobs ? jobs : MAXIMUM(workers_default(), MIN_JOBS));
	progress = progress_start("Checking", c->names.nr, 0);
	for (i = 0; i < c->names.nr; i += AT_ONCE) {
		progress_items(progress, i);
		look_at_some(c, w, ties, i,
			     MINIMUM(c->names.nr - i, AT_ONCE));
	}
	workers_stop(&w);
	progress_stop(&progress);
	ties_check(ties);
	ties_free(ties);
	return 0;
}
