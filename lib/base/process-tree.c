#include "lib/base/compat.h"
#include "lib/base/process-tree.h"

#include <dirent.h>

#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"

#define STAT_MAX 4096
#define ENVIRON_MAX (2u << 20)
#define DEPTH_MAX 1000		/* of parents; pids are never that deep */
#define ANCESTORS_MAX 64

enum kin { KIN_UNKNOWN, KIN_NO, KIN_YES };

/* What a process has used; its own, and that of children that it waited for. */
struct used {
	double cpu;
	uint64_t read, written;
};

struct entry {
	pid_t pid, parent;
	ino_t inode;		/* of /proc/PID: another one, another process */
	uint64_t start;
	enum kin kin;
	bool gone;		/* between the listing and the look */
	bool lives;		/* not only waited for */
	unsigned threads;
	uint64_t memory;
	struct used used;
};

struct list {
	struct entry *v;	/* by pid */
	size_t nr, alloc;
};

struct process_tree {
	pid_t root;
	uint64_t start;		/* of the program */
	pid_t ancestors[ANCESTORS_MAX];	/* of this process, and init */
	size_t nr_ancestors;
	char *mark;
	int proc;		/* /proc */
	long ticks, page;
	struct list seen;	/* at the last look */
	struct used ended;	/* of members that nobody of us waited for */
	struct used sum;	/* at the last look */
	struct strbuf text;	/* scratch */
};

/* ---- reading ------------------------------------------------------------- */

/* Into t->text; false when it is not to be read. */
static bool read_of(struct process_tree *t, const struct entry *e,
		    const char *file, size_t max)
{
	char path[64];
	ssize_t got;
	int fd;

	strbuf_reset(&t->text);
	snprintf(path, sizeof(path), "%ld/%s", (long)e->pid, file);
	fd = openat(t->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	do {
		strbuf_grow(&t->text, 4096);
		got = read(fd, t->text.buf + t->text.len, 4096);
		if (got > 0)
			strbuf_setlen(&t->text, t->text.len + (size_t)got);
	} while ((got > 0 && t->text.len < max) ||
		 (got < 0 && errno == EINTR));
	close(fd);
	return got >= 0;
}

/* proc_pid_stat(5). The second field, the program's name, may hold blanks and
 * brackets. */
static bool read_stat(struct process_tree *t, struct entry *e)
{
	uint64_t user, sys, child_user, child_sys, start;
	long parent, threads, pages;
	const char *at;
	char state;

	if (!read_of(t, e, "stat", STAT_MAX))
		return false;
	at = strrchr(t->text.buf, ')');
	if (!at || sscanf(at + 1, " %c %ld %*d %*d %*d %*d %*u %*u %*u %*u "
			  "%*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			  " %*d %*d %ld %*d %" SCNu64 " %*u %ld",
			  &state, &parent, &user, &sys, &child_user,
			  &child_sys, &threads, &start, &pages) != 9)
		return false;
	e->parent = (pid_t)parent;
	e->start = start;
	e->lives = !strchr("ZXx", state);
	e->threads = threads > 0 ? (unsigned)threads : 0;
	e->memory = pages > 0 ? (uint64_t)pages * (uint64_t)t->page : 0;
	e->used.cpu = (double)(user + sys + child_user + child_sys) /
		      (double)t->ticks;
	return true;
}

static uint64_t number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* Another user's is not ours to read. */
static void read_io(struct process_tree *t, struct entry *e)
{
	if (!read_of(t, e, "io", STAT_MAX))
		return;
	e->used.read = number_after(t->text.buf, "\nread_bytes: ");
	e->used.written = number_after(t->text.buf, "\nwrite_bytes: ");
}

/*
 * Only of these the environment is read. That can take long (the kernel waits
 * for the process's memory), so it is not done to everybody on the machine.
 */
static bool may_be_orphan(const struct process_tree *t, const struct entry *e)
{
	size_t i;

	for (i = 0; i < t->nr_ancestors; i++)
		if (t->ancestors[i] == e->parent)
			return e->start >= t->start;
	return false;
}

/* KIN_UNKNOWN: it is just becoming another program, or about to end. */
static enum kin kin_by_mark(struct process_tree *t, const struct entry *e)
{
	size_t len = strlen(t->mark);
	const char *at, *end;

	if (!read_of(t, e, "environ", ENVIRON_MAX))
		return KIN_NO;
	if (!t->text.len)
		return KIN_UNKNOWN;
	at = t->text.buf;
	end = at + t->text.len;
	for (; at < end; at += strnlen(at, (size_t)(end - at)) + 1)
		if ((size_t)(end - at) >= len && !memcmp(at, t->mark, len) &&
		    (at + len == end || !at[len]))
			return KIN_YES;
	return KIN_NO;
}

/* ---- the tree ------------------------------------------------------------ */

/* Whoever has lost its parent gets one of these. */
static void find_ancestors(struct process_tree *t)
{
	struct entry e = { .pid = getpid() };

	t->ancestors[t->nr_ancestors++] = 1;
	while (t->nr_ancestors < ANCESTORS_MAX && e.pid > 1 &&
	       read_stat(t, &e)) {
		e.pid = e.parent;
		t->ancestors[t->nr_ancestors++] = e.pid;
	}
}

struct process_tree *process_tree_new(pid_t root, const char *mark)
{
	struct entry program = { .pid = root };
	struct process_tree *t;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0 || faccessat(proc, "self/stat", R_OK, 0)) {
		if (proc >= 0)
			close(proc);
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	t->root = root;
	t->mark = xstrdup(mark);
	t->proc = proc;
	t->ticks = sysconf(_SC_CLK_TCK);
	t->page = sysconf(_SC_PAGESIZE);
	strbuf_init(&t->text);
	if (read_stat(t, &program))
		t->start = program.start;
	find_ancestors(t);
	return t;
}

void process_tree_free(struct process_tree *t)
{
	if (!t)
		return;
	close(t->proc);
	free(t->mark);
	free(t->seen.v);
	strbuf_release(&t->text);
	free(t);
}

/* ---- who belongs to it --------------------------------------------------- */

static struct entry *find(const struct list *l, pid_t pid)
{
	size_t from = 0, to = l->nr;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (l->v[mid].pid == pid)
			return &l->v[mid];
		if (l->v[mid].pid < pid)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

static int compare_pids(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* All processes; what is known of them from the last look stays. */
static void list_all(struct process_tree *t, struct list *now)
{
	int fd = openat(t->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (d = readdir(dir))) {
		struct entry e = { .inode = d->d_ino };
		char *end;
		const struct entry *old;

		e.pid = (pid_t)strtol(d->d_name, &end, 10);
		if (*end || e.pid <= 0)
			continue;
		old = find(&t->seen, e.pid);
		if (old && old->inode == e.inode)
			e = *old;
		ARRAY_GROW(now->v, now->nr + 1, now->alloc);
		now->v[now->nr++] = e;
	}
	if (dir)
		closedir(dir);
	if (now->nr)
		qsort(now->v, now->nr, sizeof(*now->v), compare_pids);
}

/* Up the parents, as far as they are known. */
static enum kin kin_by_parents(const struct process_tree *t,
			       const struct list *now, const struct entry *e)
{
	int depth;

	for (depth = 0; e && depth < DEPTH_MAX; depth++) {
		if (e->pid == t->root)
			return KIN_YES;
		if (e->pid == getpid())
			return KIN_NO;
		if (e->kin == KIN_YES)
			return KIN_YES;
		e = e->parent > 0 ? find(now, e->parent) : NULL;
		if (e && e->kin == KIN_NO)
			break;
	}
	return KIN_UNKNOWN;
}

static bool is_undecided(const struct list *now, pid_t pid)
{
	const struct entry *e = find(now, pid);

	return e && !e->gone && e->kin == KIN_UNKNOWN;
}

static void decide(struct process_tree *t, struct list *now)
{
	size_t i;

	/* Their parents first: one may have a higher number. */
	for (i = 0; i < now->nr; i++)
		if (now->v[i].kin != KIN_NO)
			now->v[i].gone = !read_stat(t, &now->v[i]);
	for (i = 0; i < now->nr; i++) {
		struct entry *e = &now->v[i];

		if (e->gone || e->kin != KIN_UNKNOWN)
			continue;
		e->kin = kin_by_parents(t, now, e);
		if (e->kin == KIN_UNKNOWN)
			e->kin = may_be_orphan(t, e) ? kin_by_mark(t, e) :
				 is_undecided(now, e->parent) ? KIN_UNKNOWN :
								KIN_NO;
	}
	for (i = 0; i < now->nr; i++)
		if (!now->v[i].gone && now->v[i].kin == KIN_YES)
			read_io(t, &now->v[i]);
}

/* ---- sums ---------------------------------------------------------------- */

static void add(struct used *sum, const struct used *more)
{
	sum->cpu += more->cpu;
	sum->read += more->read;
	sum->written += more->written;
}

static bool is_member(const struct list *l, pid_t pid)
{
	const struct entry *e = find(l, pid);

	return e && e->kin == KIN_YES;
}

/* What the parent waited for is in the parent's numbers; a daemon was waited
 * for by who is none of us, and what it used would be lost. */
static void note_ended(struct process_tree *t, const struct list *now)
{
	size_t i;

	for (i = 0; i < t->seen.nr; i++) {
		const struct entry *old = &t->seen.v[i];
		const struct entry *e = find(now, old->pid);

		if (old->kin != KIN_YES ||
		    (e && e->inode == old->inode && !e->gone))
			continue;
		if (!is_member(&t->seen, old->parent))
			add(&t->ended, &old->used);
	}
}

static void sum_up(struct process_tree *t, const struct list *now,
		   struct process_sums *sums)
{
	struct used sum = t->ended;
	size_t i;

	memset(sums, 0, sizeof(*sums));
	for (i = 0; i < now->nr; i++) {
		const struct entry *e = &now->v[i];

		if (e->gone || e->kin != KIN_YES)
			continue;
		add(&sum, &e->used);
		if (!e->lives)
			continue;
		sums->processes++;
		sums->threads += e->threads;
		sums->memory += e->memory;
	}
	/* What nobody waited for (SIGCHLD ignored) vanishes from the sums. */
	t->sum.cpu = MAXIMUM(t->sum.cpu, sum.cpu);
	t->sum.read = MAXIMUM(t->sum.read, sum.read);
	t->sum.written = MAXIMUM(t->sum.written, sum.written);
	sums->cpu = t->sum.cpu;
	sums->read = t->sum.read;
	sums->written = t->sum.written;
}

/* What went between the listing and the look is not remembered. */
static void drop_gone(struct list *l)
{
	size_t i, kept = 0;

	for (i = 0; i < l->nr; i++)
		if (!l->v[i].gone)
			l->v[kept++] = l->v[i];
	l->nr = kept;
}

void process_tree_look(struct process_tree *t, struct process_sums *sums)
{
	struct list now = { NULL, 0, 0 };

	list_all(t, &now);
	decide(t, &now);
	note_ended(t, &now);
	sum_up(t, &now, sums);
	drop_gone(&now);
	free(t->seen.v);
	t->seen = now;
}
