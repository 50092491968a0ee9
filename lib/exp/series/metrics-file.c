/*
 * Which file a row goes to, and how it gets there. A file is owned by flock(2)
 * while it is open here. Where the kernel cannot tell who owns a file, O_APPEND
 * keeps whole lines whole all the same.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/exp/series/metrics-file.h"

#include <dirent.h>

#define MAX_OPEN 64			/* files at once; the oldest goes */
#define FLUSH_BYTES (256u << 10)	/* of rows that wait for one file */
#define HEADER_FIRST 4096		/* is read first of a header */
#define FIRST_NUMBERS 64		/* are tried without a list */
#define OPEN_FLAGS (O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

struct file {
	int fd;
	bool is_new;		/* nothing has been written to it */
	char *name;
	struct strvec columns;	/* in the order of its header */
	struct strbuf rows;	/* that wait */
	uint64_t nr;		/* of them */
	uint64_t used;		/* when, by metrics.turn */
};

struct metrics {
	char *dir;
	int dirfd;
	char *series;
	enum metrics_format format;
	struct file file[MAX_OPEN];
	size_t nr;
	uint64_t turn;
	uint64_t lost;
};

/* A file of the series that is there. */
struct candidate {
	char *name;
	uint64_t number;
};

struct candidates {
	struct candidate *item;
	size_t nr, alloc;
	uint64_t next;		/* number of a new file */
};

int metrics_open(struct metrics **out, const char *dir, const char *series,
		 enum metrics_format format, struct strbuf *err)
{
	struct metrics *m;
	int fd, ret = metrics_check_series(series, err);

	if (ret)
		return ret;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", dir);
	m = xcalloc(1, sizeof(*m));
	m->dir = xstrdup(dir);
	m->dirfd = fd;
	m->series = xstrdup(series);
	m->format = format;
	*out = m;
	return 0;
}

static void candidates_release(struct candidates *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		free(list->item[i].name);
	free(list->item);
}

static int compare_numbers(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int list_files(const struct metrics *m, struct candidates *list,
		      struct strbuf *err)
{
	size_t series_len = strlen(m->series), len;
	enum metrics_format format;
	const struct dirent *e;
	const char *series;
	uint64_t number;
	int fd, ret = 0;
	DIR *dir;

	fd = openat(m->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		ret = fail_errno(err, "cannot read '%s'", m->dir);
		if (fd >= 0)
			close(fd);
		return ret;
	}
	while (errno = 0, (e = readdir(dir))) {
		if (!metrics_parse_name(e->d_name, &format, &number, &series,
					&len))
			continue;
		list->next = MAXIMUM(list->next, number + 1);
		if (format != m->format || len != series_len ||
		    memcmp(series, m->series, len))
			continue;
		ARRAY_GROW(list->item, list->nr + 1, list->alloc);
		list->item[list->nr].name = xstrdup(e->d_name);
		list->item[list->nr++].number = number;
	}
	if (errno)
		ret = fail_errno(err, "cannot read '%s'", m->dir);
	closedir(dir);
	if (list->nr)
		qsort(list->item, list->nr, sizeof(*list->item),
		      compare_numbers);
	return ret;
}

static bool ends_with_line(int fd)
{
	struct stat st;
	char last;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size &&
	       pread(fd, &last, 1, st.st_size - 1) == 1 && last == '\n';
}

/* The first line; false: there is none. */
static bool read_header(int fd, struct strbuf *line)
{
	size_t want = HEADER_FIRST, i = 0;
	ssize_t len;

	for (;;) {
		strbuf_grow(line, want);
		len = pread(fd, line->buf + line->len, want, (off_t)line->len);
		if (len <= 0)
			return false;
		strbuf_setlen(line, line->len + (size_t)len);
		for (; i < line->len; i++)
			if (line->buf[i] == '\n') {
				strbuf_setlen(line, i);
				return true;
			}
		if (line->len > METRICS_MAX_ROW)
			return false;
		want = line->len * 3;
	}
}

static bool has_columns(const struct strvec *columns, const struct value *row)
{
	size_t i;

	if (columns->nr != row->u.map.nr)
		return false;
	for (i = 0; i < columns->nr; i++)
		if (strcmp(columns->v[i], row->u.map.pair[i].key))
			break;
	/* the same set in another order; names differ on both sides */
	for (; i < columns->nr; i++)
		if (!value_map_get(row, columns->v[i]))
			return false;
	return true;
}

static bool names_differ(const struct strvec *columns)
{
	struct strvec sorted = STRVEC_INIT;
	size_t nr;

	strvec_pushv(&sorted, columns->v);
	strvec_sort(&sorted, true);
	nr = sorted.nr;
	strvec_release(&sorted);
	return nr == columns->nr;
}

static bool takes_row(int fd, enum metrics_format format,
		      struct strvec *columns, const struct value *row)
{
	struct strbuf line = STRBUF_INIT;
	bool takes = true;

	if (format == METRICS_CSV)
		takes = read_header(fd, &line) &&
			metrics_parse_header(columns, line.buf, line.len) &&
			has_columns(columns, row) && names_differ(columns);
	strbuf_release(&line);
	return takes;
}

/* Takes the file of that name if nobody owns it and it takes such a row. */
static bool claim(struct metrics *m, struct file *f, const char *name,
		  const struct value *row)
{
	int fd = sys_openat(m->dirfd, name, OPEN_FLAGS, 0);
	struct strvec columns = STRVEC_INIT;

	if (fd < 0)
		return false;
	/* ends_with_line() last: only who owns it may rely on it */
	if (!takes_row(fd, m->format, &columns, row) ||
	    hold_probe(fd) == HOLD_HELD || !ends_with_line(fd)) {
		strvec_release(&columns);
		close(fd);
		return false;
	}
	f->fd = fd;
	f->name = xstrdup(name);
	f->columns = columns;
	return true;
}

static void add_name(struct strbuf *out, const struct metrics *m,
		     uint64_t number)
{
	strbuf_addf(out, "metrics-%04" PRIu64 "%s%s.%s", number,
		    *m->series ? "-" : "", m->series,
		    m->format == METRICS_CSV ? "csv" : "jsonl");
}

/* The low numbers first, by their names alone: a program may have put a
 * hundred thousand files beside them, which a list would have to pass. */
static bool claim_first(struct metrics *m, struct file *f,
			const struct value *row)
{
	struct strbuf name = STRBUF_INIT;
	bool found = false;
	struct stat st;
	uint64_t i;

	for (i = 0; i < FIRST_NUMBERS && !found; i++) {
		strbuf_reset(&name);
		add_name(&name, m, i);
		found = !fstatat(m->dirfd, name.buf, &st,
				 AT_SYMLINK_NOFOLLOW) &&
			claim(m, f, name.buf, row);
	}
	strbuf_release(&name);
	return found;
}

static int make_file(struct metrics *m, struct file *f, uint64_t number,
		     const struct value *row, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT;
	size_t i;
	int ret = 0;

	do {
		strbuf_reset(&name);
		add_name(&name, m, number++);
		f->fd = sys_openat(m->dirfd, name.buf,
				   OPEN_FLAGS | O_CREAT | O_EXCL, 0666);
	} while (f->fd < 0 && errno == EEXIST);
	if (f->fd < 0) {
		ret = fail_errno(err, "cannot make '%s/%s'", m->dir, name.buf);
		goto cleanup;
	}
	/* Before the header is there nobody takes it. */
	hold_probe(f->fd);
	f->is_new = true;
	f->name = strbuf_detach(&name, NULL);
	if (m->format == METRICS_CSV) {
		for (i = 0; i < row->u.map.nr; i++)
			strvec_push(&f->columns, row->u.map.pair[i].key);
		metrics_add_header(&f->rows, row);
		strbuf_addch(&f->rows, '\n');
	}

cleanup:
	strbuf_release(&name);
	return ret;
}

static void file_release(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->name);
	strvec_release(&f->columns);
	strbuf_release(&f->rows);
}

static uint64_t count_lines(const char *text, size_t len)
{
	const char *end = text + len;
	uint64_t nr = 0;

	while ((text = memchr(text, '\n', (size_t)(end - text)))) {
		text++;
		nr++;
	}
	return nr;
}

/* After a write that stopped at `done`: whole lines stay, what is there of the
 * next is taken back, if nobody else has written behind it. */
static void keep_whole_lines(struct metrics *m, struct file *f,
			     const struct stat *before, size_t done)
{
	const char *lf = memrchr(f->rows.buf, '\n', done);
	size_t keep = lf ? (size_t)(lf + 1 - f->rows.buf) : 0;
	uint64_t lost = count_lines(f->rows.buf + keep, f->rows.len - keep);
	struct stat after;

	if (keep < done && !fstat(f->fd, &after) &&
	    after.st_size == before->st_size + (off_t)done)
		sys_ftruncate(f->fd, before->st_size + (off_t)keep);
	/* The header of a new file is no row. */
	m->lost += MINIMUM(lost, f->nr);
	if (lost < f->nr)
		f->is_new = false;
}

static int write_rows(struct metrics *m, struct file *f, struct strbuf *err)
{
	size_t done = 0;
	struct stat before;
	int saved;

	if (fstat(f->fd, &before) || !before.st_nlink) {
		m->lost += f->nr;
		return fail(err, ERR_NOT_FOUND, "'%s/%s' has been removed "
			    "while it was written", m->dir, f->name);
	}
	while (done < f->rows.len) {
		ssize_t n = sys_write(f->fd, f->rows.buf + done,
				      f->rows.len - done);

		if (!n)
			errno = ENOSPC;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == f->rows.len) {
		f->is_new = false;
		f->nr = 0;
		strbuf_reset(&f->rows);
		return 0;
	}
	saved = errno;
	keep_whole_lines(m, f, &before, done);
	errno = saved;
	return fail_errno(err, "cannot write '%s/%s'", m->dir, f->name);
}

/* A new file that nothing could be written to goes: an empty one would be in
 * the way of nobody, but it says nothing either. */
static int flush_file(struct metrics *m, struct file *f, struct strbuf *err)
{
	int ret;

	if (!f->rows.len)
		return 0;
	ret = write_rows(m, f, err);
	if (ret && f->is_new && hold_has_name(f->fd, m->dirfd, f->name))
		sys_unlinkat(m->dirfd, f->name, 0);
	if (ret) {
		file_release(f);
		*f = m->file[--m->nr];
	}
	return ret;
}

int metrics_flush(struct metrics *m, struct strbuf *err)
{
	size_t i;
	int ret = 0, one;

	/* from behind: what fails is taken out */
	for (i = m->nr; i--; ) {
		one = flush_file(m, &m->file[i], ret ? NULL : err);
		if (!ret)
			ret = one;
	}
	return ret;
}

uint64_t metrics_lost(const struct metrics *m)
{
	return m->lost;
}

static struct file *find_open(struct metrics *m, const struct value *row)
{
	size_t i;

	for (i = 0; i < m->nr; i++)
		if (m->format == METRICS_JSONL ||
		    has_columns(&m->file[i].columns, row))
			return &m->file[i];
	return NULL;
}

static int let_oldest_go(struct metrics *m, struct strbuf *err)
{
	struct file *oldest = m->file;
	size_t i, nr = m->nr;
	int ret;

	for (i = 1; i < m->nr; i++)
		if (m->file[i].used < oldest->used)
			oldest = &m->file[i];
	ret = flush_file(m, oldest, err);
	if (m->nr == nr) {
		file_release(oldest);
		*oldest = m->file[--m->nr];
	}
	return ret;
}

static int find_file(struct metrics *m, struct file **out,
		     const struct value *row, struct strbuf *err)
{
	struct candidates list = { NULL, 0, 0, 0 };
	struct file f = { -1, false, NULL, STRVEC_INIT, STRBUF_INIT, 0, 0 };
	bool found = false;
	size_t i;
	int ret = 0;

	*out = find_open(m, row);
	if (*out)
		return 0;
	if (m->nr == MAX_OPEN)
		ret = let_oldest_go(m, err);
	if (!ret)
		found = claim_first(m, &f, row);
	if (!ret && !found)
		ret = list_files(m, &list, err);
	for (i = 0; i < list.nr && !ret && !found; i++)
		if (list.item[i].number >= FIRST_NUMBERS)
			found = claim(m, &f, list.item[i].name, row);
	if (!ret && !found)
		ret = make_file(m, &f, list.next, row, err);
	if (ret) {
		file_release(&f);
	} else {
		m->file[m->nr] = f;
		*out = &m->file[m->nr++];
	}
	candidates_release(&list);
	return ret;
}

static int check_row(const struct value *row, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	if (row->u.map.nr > METRICS_MAX_COLUMNS)
		return fail(err, ERR_USAGE, "a row has at most %d columns, "
			    "not %zu", METRICS_MAX_COLUMNS, row->u.map.nr);
	for (i = 0; i < row->u.map.nr && !ret; i++)
		ret = metrics_check_column(row->u.map.pair[i].key,
					   row->u.map.pair[i].key_len, err);
	return ret;
}

int metrics_add(struct metrics *m, const struct moment *at,
		const struct value *row, struct strbuf *err)
{
	struct file *f;
	size_t start;
	int ret;

	/* Names of columns that are in a file have been looked at. */
	f = m->format == METRICS_CSV ? find_open(m, row) : NULL;
	if (!f) {
		ret = check_row(row, err);
		if (!ret)
			ret = find_file(m, &f, row, err);
		if (ret) {
			m->lost += ret != ERR_USAGE;
			return ret;
		}
	}
	start = f->rows.len;
	if (m->format == METRICS_CSV)
		metrics_add_csv(&f->rows, at, row, &f->columns);
	else
		metrics_add_jsonl(&f->rows, at, row);
	if (f->rows.len - start >= METRICS_MAX_ROW) {
		strbuf_setlen(&f->rows, start);
		return fail(err, ERR_USAGE, "a row is at most %u MiB long; put "
			    "the data into a file of the experiment",
			    METRICS_MAX_ROW >> 20);
	}
	strbuf_addch(&f->rows, '\n');
	f->nr++;
	f->used = ++m->turn;
	return f->rows.len < FLUSH_BYTES ? 0 : flush_file(m, f, err);
}

int metrics_close(struct metrics **m, struct strbuf *err)
{
	size_t i;
	int ret;

	if (!*m)
		return 0;
	ret = metrics_flush(*m, err);
	for (i = 0; i < (*m)->nr; i++)
		file_release(&(*m)->file[i]);
	close((*m)->dirfd);
	free((*m)->dir);
	free((*m)->series);
	free(*m);
	*m = NULL;
	return ret;
}
