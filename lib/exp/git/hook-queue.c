#include "lib/base/compat.h"
#include "lib/exp/git/hook-queue.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"

enum { BYTE_WORKER, BYTE_QUEUE };

struct hook_queue {
	struct strbuf path;
	int fd;			/* of the lock */
};

struct value *hook_cause_value(const struct hook_cause *cause)
{
	struct value *map = value_new_map(), *list;
	const char *const *arg = cause->args;

	value_map_set_str(map, "event", cause->event);
	value_map_set_str(map, "name", cause->name);
	value_map_set_str(map, "commit", cause->commit);
	if (!arg || !*arg)
		return map;
	list = value_new_list();
	for (; *arg; arg++)
		value_list_add(list, value_new_text(*arg, strlen(*arg)));
	value_map_set(map, "args", list);
	return map;
}

/* ---- the files ---------------------------------------------------------- */

int hook_queue_open(struct hook_queue **out, const struct project *p,
		    struct strbuf *err)
{
	struct hook_queue *q = xcalloc(1, sizeof(*q));
	struct strbuf path = STRBUF_INIT;
	int ret;

	*out = NULL;
	q->fd = -1;
	strbuf_init(&q->path);
	ret = project_private(p, "hooks/", &path, err);
	if (!ret) {
		strbuf_addf(&q->path, "%squeue.json", path.buf);
		strbuf_addstr(&path, "queue.lock");
		q->fd = sys_open(path.buf, O_RDWR | O_CREAT | O_NOFOLLOW,
				 0666);
		if (q->fd < 0)
			ret = fail_errno(err, "cannot open '%s'", path.buf);
	}
	strbuf_release(&path);
	if (ret)
		hook_queue_free(q);
	else
		*out = q;
	return ret;
}

void hook_queue_free(struct hook_queue *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	strbuf_release(&q->path);
	free(q);
}

static int lock_queue(const struct hook_queue *q, struct strbuf *err)
{
	if (!filelock_take_if_any(q->fd, BYTE_QUEUE, true))
		return 0;
	return fail_errno(err, "cannot lock '%s'", q->path.buf);
}

static void unlock_queue(const struct hook_queue *q)
{
	filelock_release(q->fd, BYTE_QUEUE);
}

static bool is_cause(const struct value *item)
{
	const struct value *list = value_map_get(item, "commits");
	const struct value *args = value_map_get(item, "args");
	int64_t events;

	return value_get_text(item, "event") && value_get_text(item, "name") &&
	       (!list || list->type == VALUE_LIST) &&
	       (!args || args->type == VALUE_LIST) &&
	       (!value_map_get(item, "events") ||
		(value_get_int(item, "events", &events) && events > 0));
}

struct value *hook_cause_from_env(void)
{
	static const char *const keys[] = {
		"event", "name", "commit", "args", "commits", "events", NULL
	};
	const char *text = getenv("RESUTIL_GIT_CAUSE");
	struct value *cause = NULL, *ret = NULL;
	size_t i;

	if (!text || json_parse(&cause, text, strlen(text),
				"RESUTIL_GIT_CAUSE", NULL))
		return NULL;
	if (is_cause(cause)) {
		ret = value_new_map();
		for (i = 0; keys[i]; i++) {
			const struct value *v = value_map_get(cause, keys[i]);

			if (v)
				value_map_set(ret, keys[i], value_copy(v));
		}
	}
	value_free(cause);
	return ret;
}

int hook_queue_parse(struct value **out, const char *text, size_t len,
		     const char *name, struct strbuf *err)
{
	const struct value *list;
	int64_t version;
	bool good;
	size_t i;
	int ret = json_parse(out, text, len, name, err);

	if (ret)
		return ret;
	list = value_map_get(*out, "waiting");
	good = value_get_int(*out, "version", &version) &&
	       version == HOOK_QUEUE_VERSION && list &&
	       list->type == VALUE_LIST;
	for (i = 0; good && i < list->u.list.nr; i++)
		good = is_cause(list->u.list.item[i]);
	if (good)
		return 0;
	value_free(*out);
	*out = NULL;
	return fail(err, ERR_CONTENT, "'%s' is no queue of events", name);
}

/* What cannot be read is begun anew: no event after it shall be lost, too. */
static struct value *read_queue(const char *path)
{
	struct strbuf text = STRBUF_INIT;
	struct value *root = NULL;

	if (read_own_file(&text, path, HOOK_QUEUE_MAX_BYTES, NULL) ||
	    hook_queue_parse(&root, text.buf, text.len, path, NULL)) {
		root = value_new_map();
		value_map_set_int(root, "version", HOOK_QUEUE_VERSION);
		value_map_set(root, "waiting", value_new_list());
	}
	strbuf_release(&text);
	return root;
}

static int write_queue(const struct hook_queue *q, const struct value *root,
		       struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret = 0;

	if (!value_map_get(root, "waiting")->u.list.nr) {
		if (sys_unlink(q->path.buf) && errno != ENOENT)
			ret = fail_errno(err, "cannot remove '%s'",
					 q->path.buf);
	} else {
		json_write(&text, root);
		strbuf_addch(&text, '\n');
		/* Whoever waits for git does not wait for the disk. */
		ret = write_file_atomic(q->path.buf, text.buf, text.len, 0666,
					0, err);
	}
	strbuf_release(&text);
	return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
}

/* ---- adding ------------------------------------------------------------- */

static bool is_same_hook(const struct value *a, const struct value *b)
{
	return !strcmp(value_get_text(a, "event"), value_get_text(b, "event"))
	       && !strcmp(value_get_text(a, "name"), value_get_text(b, "name"));
}

static int64_t events_of(const struct value *cause)
{
	int64_t events;

	return value_get_int(cause, "events", &events) ? events : 1;
}

/* The commits of all events that one run is for, oldest first; the first of
 * too many go. */
static struct value *commits_of(const struct value *cause,
				const struct value *more)
{
	const struct value *both[] = { cause, more };
	struct value *all = value_new_list();
	size_t i, k;

	for (i = 0; i < 2; i++) {
		const struct value *list = value_map_get(both[i], "commits");
		const struct value *one = value_map_get(both[i], "commit");

		for (k = 0; list && k < list->u.list.nr; k++)
			value_list_add(all, value_copy(list->u.list.item[k]));
		if (!list && one && one->type != VALUE_NULL)
			value_list_add(all, value_copy(one));
	}
	while (all->u.list.nr > HOOK_QUEUE_MAX_COMMITS) {
		value_free(all->u.list.item[0]);
		all->u.list.nr--;
		memmove(all->u.list.item, all->u.list.item + 1,
			all->u.list.nr * sizeof(*all->u.list.item));
	}
	return all;
}

/* One run is for both: what it finds is as the later one left it. Takes
 * `later`. */
static void join(struct value *list, size_t pos, struct value *later)
{
	struct value *old = list->u.list.item[pos];

	value_map_set(later, "commits", commits_of(old, later));
	value_map_set_int(later, "events", events_of(old) + 1);
	list->u.list.item[pos] = later;
	value_free(old);
}

static void add_event(struct value *list, struct value *event, bool each)
{
	size_t i, nr = 0, last = 0;

	for (i = 0; i < list->u.list.nr; i++) {
		/* What runs already saw what was there before. */
		if (!is_same_hook(list->u.list.item[i], event) ||
		    value_map_get(list->u.list.item[i], "begun"))
			continue;
		nr++;
		last = i;
	}
	if (nr && (!each || nr >= HOOK_QUEUE_MAX_EACH))
		join(list, last, event);
	else
		value_list_add(list, event);
}

int hook_queue_add(struct hook_queue *q, const struct hook_cause *cause,
		   bool each, bool *idle, struct strbuf *err)
{
	struct moment now = moment_now();
	struct value *event = hook_cause_value(cause), *root;
	int ret = lock_queue(q, err);

	if (ret) {
		value_free(event);
		return ret;
	}
	record_set_moment(event, "at", &now);
	root = read_queue(q->path.buf);
	add_event(value_map_get(root, "waiting"), event, each);
	ret = write_queue(q, root, err);
	*idle = filelock_is_held(q->fd, BYTE_WORKER) != 1;
	unlock_queue(q);
	value_free(root);
	return ret;
}

/* ---- working ------------------------------------------------------------ */

int hook_queue_work(struct hook_queue *q, struct strbuf *err)
{
	if (!filelock_take_if_any(q->fd, BYTE_WORKER, false))
		return 0;
	if (errno == EWOULDBLOCK || errno == EAGAIN || errno == EACCES)
		return fail(err, ERR_CONFLICT, "another process works for "
			    "the hooks of this project");
	return fail_errno(err, "cannot lock '%s'", q->path.buf);
}

int hook_queue_first(struct hook_queue *q, struct value **cause,
		     struct strbuf *err)
{
	struct value *root, *list;
	int ret = lock_queue(q, err);

	*cause = NULL;
	if (ret)
		return ret;
	root = read_queue(q->path.buf);
	list = value_map_get(root, "waiting");
	if (list->u.list.nr) {
		/* From now on nothing joins it. */
		value_map_set(list->u.list.item[0], "begun",
			      value_new_bool(true));
		*cause = value_copy(list->u.list.item[0]);
		ret = write_queue(q, root, err);
	} else {
		/* Who adds something now sees that nobody works. */
		filelock_release(q->fd, BYTE_WORKER);
	}
	if (ret) {
		value_free(*cause);
		*cause = NULL;
	}
	unlock_queue(q);
	value_free(root);
	return ret;
}

int hook_queue_done(struct hook_queue *q, const struct value *cause,
		    struct strbuf *err)
{
	struct value *root, *list;
	size_t i;
	int ret = lock_queue(q, err);

	if (ret)
		return ret;
	root = read_queue(q->path.buf);
	list = value_map_get(root, "waiting");
	for (i = 0; i < list->u.list.nr; i++) {
		if (!value_equal(list->u.list.item[i], cause))
			continue;
		value_free(list->u.list.item[i]);
		list->u.list.nr--;
		memmove(list->u.list.item + i, list->u.list.item + i + 1,
			(list->u.list.nr - i) * sizeof(*list->u.list.item));
		break;
	}
	ret = write_queue(q, root, err);
	unlock_queue(q);
	value_free(root);
	return ret;
}

size_t hook_queue_count(const struct project *p, const char *event,
			const char *name, bool *works)
{
	struct strbuf path = STRBUF_INIT;
	struct value *root;
	const struct value *list;
	size_t i, nr = 0;
	int fd;

	strbuf_addf(&path, "%s/.resutil/hooks/queue.lock", p->root);
	fd = open(path.buf, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*works = fd >= 0 && filelock_is_held(fd, BYTE_WORKER) == 1;
	if (fd >= 0)
		close(fd);
	strbuf_reset(&path);
	strbuf_addf(&path, "%s/.resutil/hooks/queue.json", p->root);
	root = read_queue(path.buf);
	list = value_map_get(root, "waiting");
	for (i = 0; i < list->u.list.nr; i++) {
		const struct value *item = list->u.list.item[i];

		if (!strcmp(value_get_text(item, "event"), event) &&
		    !strcmp(value_get_text(item, "name"), name))
			nr += (size_t)events_of(item);
	}
	value_free(root);
	strbuf_release(&path);
	return nr;
}
