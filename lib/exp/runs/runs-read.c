#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/arena.h"
#include "lib/base/path.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/runs/runs-internal.h"
#include "lib/exp/series/series.h"

/* Below that a thread costs more than it saves. */
#define RUNS_PER_WORKER 32
/* Runs that a thread takes at once. */
#define RUNS_TAKEN 8

/* What a thread makes rows with, one after another. */
struct read_room {
	struct run_look look;
	struct arena arena;	/* of the record */
	struct strbuf dir;
};

#define READ_ROOM_INIT { .look = RUN_LOOK_INIT, .arena = ARENA_INIT,          \
			 .dir = STRBUF_INIT }

struct read_work {
	struct work work;
	struct reading *reading;
};

struct reading {
	struct runs *runs;
	struct read_run *run;
	size_t nr, next;
	int results;
	struct moment opened;
	struct read_work *work;
};

void read_run_release(struct read_run *run)
{
	free(run->name);
	free(run->dir);
	free(run->problem);
	free(run->files);
	strbuf_release(&run->row);
	memset(run, 0, sizeof(*run));
}

/* What a person calls it: an experiment by its directory, a trial by the text
 * in its record. */
static void set_name(struct read_run *run, const struct value *record)
{
	const char *base = path_basename(run->dir);
	const char *tid = value_get_text(record, "tid");

	if (name_is_valid(base))
		run->name = xstrdup(base);
	else
		run->name = xstrdup(tid && *tid ? tid : run->dir);
}

/* As votakvot writes them: what they mean is another thing elsewhere. */
static bool is_without_zone(const char *text)
{
	size_t len = strlen(text);

	return len <= 6 || (!strchr("Zz", text[len - 1]) &&
			    !strchr("+-", text[len - 6]));
}

/* As the record is written: normalized, all times have a zone. */
static bool has_local_time(const struct value *record)
{
	const struct value *at = value_map_get(record, "at");
	bool created = false;
	size_t i;

	if (!at || at->type != VALUE_MAP)
		return true;
	for (i = 0; i < at->u.map.nr; i++) {
		const char *text = value_text(at->u.map.pair[i].value);
		bool is_created = !strcmp(at->u.map.pair[i].key, "created");
		struct moment m;

		/* only those that matter are parsed, which costs */
		if (!text || !(is_created || is_without_zone(text)) ||
		    !moment_parse(&m, text))
			continue;
		if (is_without_zone(text))
			return true;
		created |= is_created;
	}
	return !created;
}

/* `own`: what is to be freed, or NULL. NULL: it cannot be read. */
static const struct value *read_record(struct read_run *run,
				       struct read_room *room,
				       struct value **own)
{
	const struct value *lent = NULL;
	struct strbuf err = STRBUF_INIT;

	*own = NULL;
	if (room->look.has_text)
		lent = record_lend(&room->arena, room->look.text.buf,
				   room->look.text.len);
	if (lent) {
		if (has_local_time(lent))
			run->flags |= INDEX_LOCAL_TIME;
		return lent;
	}
	if (record_read_raw(own, room->dir.buf, &err))
		run->problem = strbuf_detach(&err, NULL);
	if (!*own || has_local_time(*own))
		run->flags |= INDEX_LOCAL_TIME;
	if (*own)
		record_normalize(*own);
	strbuf_release(&err);
	return *own;
}

static void make_row(struct runs *runs, struct read_run *run,
		     struct read_room *room, bool has_metrics)
{
	struct run_facts facts = { .dir = run->dir };
	struct strvec problems = STRVEC_INIT;
	struct value *own, *metrics = NULL;
	const struct value *record = read_record(run, room, &own);

	if (has_metrics)
		metrics = series_facts(room->dir.buf, &problems);
	if (!run->problem && problems.nr)
		run->problem = xstrdup(problems.v[0]);
	if (run->dir)
		set_name(run, record);
	facts.name = run->name;
	facts.problem = run->problem;
	facts.metrics = metrics;
	run_row_build(&run->row, runs->names, record, &facts);
	if (run->problem)
		run->flags |= INDEX_PROBLEM;
	value_free(metrics);
	value_free(own);
	arena_clear(&room->arena);
	strvec_release(&problems);
}

/* Looked at first, then read: what changes between is found the next time. */
static void read_one(struct reading *r, struct read_run *run,
		     struct read_room *room)
{
	struct run_look *look = &room->look;
	bool seen;

	strbuf_reset(&room->dir);
	if (run->dir)
		strbuf_addstr(&room->dir, run->dir);
	else
		project_exp_path(r->runs->project, run->name, &room->dir);
	run_look_reset(look);
	seen = r->results >= 0 ? run_look(look, r->results, run->name) :
	       run_look(look, AT_FDCWD, room->dir.buf);
	run->flags = look->flags;
	make_row(r->runs, run, room, !seen || look->nr_files);
	if (!seen || look->nr_files > INDEX_MAX_FILES)
		return;
	run->seen = true;
	/* otherwise zeros, which are nobody's signature: read again */
	if (run_look_is_settled(look, &r->opened))
		run_look_sign(look, run->flags, run->sign);
	run->nr_files = look->nr_files;
	run->files_len = look->files.len;
	if (look->nr_files)
		run->files = xmemdupz(look->files.buf, look->files.len);
}

static void room_release(struct read_room *room)
{
	run_look_release(&room->look);
	arena_release(&room->arena);
	strbuf_release(&room->dir);
}

static void read_some(struct work *work, unsigned worker UNUSED)
{
	struct reading *r = ((struct read_work *)work)->reading;
	struct read_room room = READ_ROOM_INIT;

	workers_own_files();
	for (;;) {
		size_t i = __atomic_fetch_add(&r->next, RUNS_TAKEN,
					      __ATOMIC_RELAXED);
		size_t end = MINIMUM(i + RUNS_TAKEN, r->nr);

		if (i >= end)
			break;
		for (; i < end; i++)
			if (!r->run[i].read)
				read_one(r, &r->run[i], &room);
	}
	room_release(&room);
}

struct reading *reading_start(struct runs *runs, struct workers *workers,
			      struct read_run *run, size_t nr, int results)
{
	struct reading *r = xcalloc(1, sizeof(*r));
	unsigned threads = workers_nr(workers), i;

	r->runs = runs;
	r->run = run;
	r->nr = nr;
	r->results = results;
	r->opened = moment_now();
	r->work = xcalloc(threads, sizeof(*r->work));
	for (i = 0; i < threads; i++) {
		r->work[i].work.fn = read_some;
		r->work[i].reading = r;
		workers_add(workers, &r->work[i].work);
	}
	return r;
}

void reading_wait(struct reading **r, struct workers *workers)
{
	unsigned threads = workers_nr(workers), i;

	for (i = 0; i < threads; i++)
		workers_wait(workers, &(*r)->work[i].work);
	free((*r)->work);
	free(*r);
	*r = NULL;
}

bool reading_is_taken(const struct reading *r)
{
	return __atomic_load_n(&r->next, __ATOMIC_RELAXED) >= r->nr;
}

void runs_read_all(struct runs *runs)
{
	struct workers *workers =
		workers_start(runs_threads(runs->read_nr, RUNS_PER_WORKER));
	struct reading *r = reading_start(runs, workers, runs->run,
					  runs->read_nr, -1);

	reading_wait(&r, workers);
	workers_stop(&workers);
}

void runs_read_one(struct runs *runs, struct read_run *run)
{
	struct reading r = { .runs = runs, .results = -1 };
	struct read_room room = READ_ROOM_INIT;

	r.opened = moment_now();
	read_one(&r, run, &room);
	room_release(&room);
}

uint32_t runs_keep(struct runs *runs, struct read_run *run)
{
	ARRAY_GROW(runs->run, runs->read_nr + 1, runs->read_alloc);
	runs->run[runs->read_nr] = *run;
	memset(run, 0, sizeof(*run));
	return (uint32_t)runs->read_nr++;
}
