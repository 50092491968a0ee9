/*
 * What is asked once for many runs. A program may track a function a thousand
 * times a second; what the machine is does not change meanwhile.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/recorder-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/live.h"
#include "lib/exp/recording/meta-plan.h"
#include "lib/exp/recording/meta-run.h"
#include "lib/exp/recording/meta.h"
#include "lib/exp/record/record-changes.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"
#include "lib/wrap/json.h"

/* What is found out about the code or the project holds so long, unless a
 * sign says otherwise. */
#define STALE_SECONDS 1

struct about {
	char *root;		/* whose settings are loaded; NULL: of none */
	bool loaded;

	char *dir;		/* for which `project` was sought */
	struct project project;
	bool have_project;
	struct timespec looked;

	char *interpreter;	/* as the program said; NULL: it did not */
	char *meta_key;		/* for which metadata was asked */
	struct value *meta;	/* of every trial */
	struct meta_run *slow;	/* still asked beside the first ones */
	struct value *slow_meta;	/* what it said; NULL: nothing */
};

struct about *about_new(void)
{
	return xcalloc(1, sizeof(struct about));
}

void about_free(struct about *a)
{
	free(a->root);
	free(a->dir);
	if (a->have_project)
		project_release(&a->project);
	meta_finish(&a->slow, NULL, 0);
	free(a->interpreter);
	free(a->meta_key);
	value_free(a->slow_meta);
	value_free(a->meta);
	free(a);
}

void about_set_interpreter(struct recorder *r, const char *path)
{
	free(r->about->interpreter);
	r->about->interpreter = xstrdup(path);
}

bool is_fresh(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - since->tv_sec < STALE_SECONDS ||
	       (now.tv_sec - since->tv_sec == STALE_SECONDS &&
		now.tv_nsec < since->tv_nsec);
}

/* ---- settings ---- */

static int load_settings(struct about *a, const struct project *p,
			 struct strbuf *err)
{
	int ret = settings_load(p, err);

	redact_configure();
	free(a->root);
	a->root = p && !ret ? xstrdup(p->root) : NULL;
	a->loaded = !ret;
	return ret;
}

int about_use(struct recorder *r, const struct project *p, struct strbuf *err)
{
	struct about *a = r->about;

	/* A trial keeps what its begin loaded, or a run after it. */
	if (!p || (a->loaded && a->root && !strcmp(a->root, p->root)))
		return 0;
	return load_settings(a, p, err);
}

void about_use_dir(struct exchange *x, const char *cwd)
{
	struct about *a = x->r->about;
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (a->dir && !strcmp(a->dir, cwd) && is_fresh(&a->looked))
		goto load;
	if (a->have_project)
		project_release(&a->project);
	free(a->dir);
	a->dir = xstrdup(cwd);
	memset(&a->project, 0, sizeof(a->project));
	ret = project_open(&a->project, cwd, &why);
	a->have_project = !ret;
	a->loaded = false;
	if (ret && ret != ERR_NOT_FOUND)
		warn(x, "%s", why.buf);
	clock_gettime(CLOCK_MONOTONIC, &a->looked);

load:
	if (a->loaded && !a->root == !a->have_project &&
	    (!a->root || !strcmp(a->root, a->project.root)))
		goto cleanup;
	strbuf_reset(&why);
	if (load_settings(a, a->have_project ? &a->project : NULL, &why))
		warn(x, "%s", why.buf);

cleanup:
	strbuf_release(&why);
}

/* ---- metadata ---- */

static bool is_part_of(const char *wanted, const char *provider)
{
	size_t len = strlen(provider);

	return !strncmp(wanted, provider, len) &&
	       (!wanted[len] || wanted[len] == '.');
}

bool about_wants(struct exchange *x, const char *provider)
{
	const struct value *list = value_map_get(x->request, "providers");
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return true;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *wanted = value_text(list->u.list.item[i]);

		if (wanted && is_part_of(wanted, provider))
			return true;
	}
	return false;
}

/* Whether all of it was asked for, and not single values. */
static bool wants_value(struct exchange *x, const char *provider,
			const char *key)
{
	const struct value *list = value_map_get(x->request, "providers");
	struct strbuf path = STRBUF_INIT;
	bool found = !list || list->type != VALUE_LIST;
	size_t i;

	strbuf_addf(&path, "%s.%s", provider, key);
	for (i = 0; !found && i < list->u.list.nr; i++) {
		const char *wanted = value_text(list->u.list.item[i]);

		found = wanted && (!strcmp(wanted, provider) ||
				   !strcmp(wanted, path.buf));
	}
	strbuf_release(&path);
	return found;
}

static void keep_wanted(struct exchange *x, struct value *meta,
			const char *provider)
{
	struct value *map = value_map_get(meta, provider);
	size_t i;

	if (!map || map->type != VALUE_MAP)
		return;
	for (i = map->u.map.nr; i-- > 0; )
		if (!wants_value(x, provider, map->u.map.pair[i].key))
			value_map_remove(map, map->u.map.pair[i].key);
	if (!map->u.map.nr)
		value_map_remove(meta, provider);
}

/* Names of `meta:` of the settings, which a list does not switch off. */
static void add_commands(struct strvec *names, const struct project *p)
{
	struct meta_plan plan = META_PLAN_INIT;
	size_t i;

	if (!meta_plan_make(&plan, p, NULL, NULL))
		for (i = 0; i < plan.nr; i++)
			if (!meta_is_provider(plan.command[i].name))
				strvec_push(names, plan.command[i].name);
	meta_plan_release(&plan);
}

/* The groups that are wanted, and so asked; given false: all. */
static int wanted_names(struct exchange *x, const struct project *p,
			struct strvec *names, bool *given)
{
	struct strvec list = STRVEC_INIT;
	size_t i;
	int ret = get_words(x, "providers", &list, given);

	for (i = 0; !ret && *given && meta_providers[i]; i++)
		if (about_wants(x, meta_providers[i]))
			strvec_push(names, meta_providers[i]);
	if (!ret && *given && list.nr)
		add_commands(names, p);
	strvec_release(&list);
	return ret;
}

/* Without a word of the program: what it is, where that is no script. */
static char *interpreter_of(const struct recorder *r)
{
	char path[64], target[PATH_MAX];
	ssize_t len;

	if (r->about->interpreter)
		return xstrdup(r->about->interpreter);
	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)r->program);
	len = readlink(path, target, sizeof(target));
	return len > 0 && (size_t)len < sizeof(target) ?
	       xmemdupz(target, (size_t)len) : NULL;
}

static int start_meta(struct exchange *x, const struct project *p,
		      struct meta_run **run, struct value **meta)
{
	char *interpreter = interpreter_of(x->r);
	/* nothing known: it is no Python, rather than the first in PATH */
	const char *argv[] = { interpreter ? interpreter : "", NULL };
	const struct meta_about about = { .project = p, .argv = argv,
					  .program = interpreter };
	struct strvec names = STRVEC_INIT;
	bool given;
	size_t i;
	int ret;

	ret = wanted_names(x, p, &names, &given);
	if (!ret)
		ret = meta_start(run, &about, given ? &names : NULL, meta,
				 &x->err);
	if (!ret) {
		if (*meta_notice(*run))
			warn(x, "%s", meta_notice(*run));
		for (i = 0; meta_providers[i]; i++)
			keep_wanted(x, *meta, meta_providers[i]);
	}
	strvec_release(&names);
	free(interpreter);
	return ret;
}

static struct value *process_map(pid_t pid)
{
	struct value *map = value_new_map();
	uint64_t start = process_start_ticks(pid);

	value_map_set_int(map, "pid", pid);
	value_map_set_int(map, "gid", getgid());
	if (start)
		value_map_set_int(map, "start", (int64_t)start);
	if (*record_boot_id())
		value_map_set_str(map, "boot_id", record_boot_id());
	return map;
}

/* `process` is the program's, as votakvot has it; who writes for it is another
 * one, by which the run is known to live where there are no locks. */
static void add_processes(struct exchange *x, struct value *meta)
{
	struct value *recorder = process_map(getpid());

	if (value_map_get(meta, "process")) {
		value_map_set(meta, "process", process_map(x->r->program));
		keep_wanted(x, meta, "process");
	}
	value_map_remove(recorder, "gid");
	value_map_set(meta, "recorder", recorder);
}

/* What differs from run to run, and what the program says itself. */
static int complete(struct exchange *x, struct value *meta, const char *cwd)
{
	const struct value *more;
	int ret = get_map(x, "meta", &more);

	if (value_get(meta, "system.cwd"))
		value_set(meta, "system.cwd", value_new_str(cwd));
	add_processes(x, meta);
	if (!ret && more)
		changes_add(meta, more);
	return ret;
}

int about_experiment(struct exchange *x, const struct project *p,
		     const char *cwd, struct meta_run **run,
		     struct value **meta)
{
	int ret = start_meta(x, p, run, meta);

	return ret ? ret : complete(x, *meta, cwd);
}

void about_add_git(struct exchange *x, struct value *meta,
		   const struct value *git, const char *repo)
{
	meta_add_git(meta, git, repo);
	keep_wanted(x, meta, "git");
}

/* What the answer of `providers` depends on. */
static void add_key(struct exchange *x, struct strbuf *key)
{
	const struct value *list = value_map_get(x->request, "providers");

	if (x->r->about->have_project)
		strbuf_addstr(key, x->r->about->project.root);
	strbuf_addch(key, '\n');
	if (list)
		json_write(key, list);
}

/* For all trials with one list: asked once, what takes long beside the first
 * of them. */
static int find_meta(struct exchange *x)
{
	struct about *a = x->r->about;
	struct strbuf key = STRBUF_INIT;
	int ret = 0;

	add_key(x, &key);
	if (a->meta && !strcmp(a->meta_key, key.buf))
		goto cleanup;
	meta_finish(&a->slow, NULL, 0);
	value_free(a->meta);
	value_free(a->slow_meta);
	a->meta = a->slow_meta = NULL;
	free(a->meta_key);
	a->meta_key = strbuf_detach(&key, NULL);
	ret = start_meta(x, a->have_project ? &a->project : NULL, &a->slow,
			 &a->meta);
	if (!ret)
		meta_go(a->slow);

cleanup:
	strbuf_release(&key);
	return ret;
}

int about_trial(struct exchange *x, const struct value *git, const char *repo,
		const char *cwd, struct value **out)
{
	int ret = find_meta(x);

	*out = NULL;
	if (ret)
		return ret;
	*out = value_copy(x->r->about->meta);
	about_add_git(x, *out, git, repo);
	ret = complete(x, *out, cwd);
	if (ret) {
		value_free(*out);
		*out = NULL;
	}
	return ret;
}

bool about_is_complete(const struct recorder *r)
{
	return !r->about->slow;
}

void about_late(struct recorder *r, struct value *changes)
{
	struct about *a = r->about;
	struct value *late;

	if (a->slow) {
		late = value_new_map();
		meta_finish(&a->slow, late, META_PATIENCE);
		if (value_map_get(late, "meta")) {
			a->slow_meta = value_copy(value_map_get(late, "meta"));
			changes_add(a->meta, a->slow_meta);
		}
		value_free(late);
	}
	if (a->slow_meta)
		value_map_set(changes, "meta", value_copy(a->slow_meta));
}
