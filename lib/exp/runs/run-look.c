#include "lib/base/compat.h"
#include "lib/exp/runs/run-look.h"
#include "lib/base/dir-names.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/record.h"
#include "lib/exp/series/series-files.h"

#include <pthread.h>

#define VOTAKVOT_FILE "votakvot.yaml"
#define MAX_TEXT (1 << 20)	/* longer ones cost enough to read them again */

/*
 * A change leaves its time in ctime, as exactly as the file system keeps time:
 * to 10 ms where it takes the kernel's clock tick, to 2 s on the coarsest.
 */
#define MARGIN_SEC 2

static void add_newest(struct timespec *newest, const struct timespec *t)
{
	if (t->tv_sec > newest->tv_sec || (t->tv_sec == newest->tv_sec &&
					   t->tv_nsec > newest->tv_nsec))
		*newest = *t;
}

/* Not the device: the number of one that is mounted again is another. */
static void add_file(struct fingerprint *sum, const struct stat *st)
{
	uint64_t number[6];

	number[0] = st->st_ino;
	number[1] = (uint64_t)st->st_size;
	number[2] = (uint64_t)st->st_mtim.tv_sec;
	number[3] = (uint64_t)st->st_mtim.tv_nsec;
	number[4] = (uint64_t)st->st_ctim.tv_sec;
	number[5] = (uint64_t)st->st_ctim.tv_nsec;
	fingerprint_add(sum, number, sizeof(number));
}

/* That something was put into it or taken out; what else happens to it does
 * not matter. */
static void add_dir(struct fingerprint *sum, const struct stat *st)
{
	uint64_t number[3];

	number[0] = st->st_ino;
	number[1] = (uint64_t)st->st_mtim.tv_sec;
	number[2] = (uint64_t)st->st_mtim.tv_nsec;
	fingerprint_add(sum, number, sizeof(number));
}

static void look_at(struct run_look *out, const struct stat *st)
{
	add_file(&out->sum, st);
	add_newest(&out->newest, &st->st_mtim);
	add_newest(&out->newest, &st->st_ctim);
}

static bool look_at_file(struct run_look *out, int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, 0))
		return false;
	look_at(out, &st);
	return true;
}

/* One that grows or shrinks just now is left to who reads with patience. */
static bool read_text(struct strbuf *text, int fd, const struct stat *st)
{
	size_t size = (size_t)st->st_size;

	if (!S_ISREG(st->st_mode) || st->st_size > MAX_TEXT)
		return false;
	strbuf_reset(text);
	strbuf_grow(text, size + 1);
	if (read(fd, text->buf, size + 1) != (ssize_t)size)
		return false;
	strbuf_setlen(text, size);
	return true;
}

/* What is open is looked at, so that it is what is read. What cannot be opened
 * may be there nevertheless. */
static bool look_at_record(struct run_look *out, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
			O_NOCTTY | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return errno != ENOENT && look_at_file(out, dir, name);
	if (fstat(fd, &st)) {
		close(fd);
		return false;
	}
	look_at(out, &st);
	out->has_text = read_text(&out->text, fd, &st);
	close(fd);
	return true;
}

/* Metrics in byte order, so that one order of a directory is as good as
 * another. */
static bool look_at_metrics(struct run_look *out, int dir)
{
	struct strvec found = STRVEC_INIT;
	struct dir_names names;
	const char *name;
	bool done;
	size_t i;

	dir_names_begin(&names, dir);
	while ((name = dir_names_next(&names, NULL))) {
		struct series_file file;
		const char *series;
		size_t len;

		if (series_file_parse(name, &file, &series, &len))
			strvec_push(&found, name);
	}
	done = !errno;
	if (found.nr)
		strvec_sort(&found, false);
	for (i = 0; done && i < found.nr; i++) {
		/* one that has just gone changes the directory */
		look_at_file(out, dir, found.v[i]);
		strbuf_add(&out->files, found.v[i], strlen(found.v[i]) + 1);
	}
	out->nr_files = (unsigned)found.nr;
	strvec_release(&found);
	return done;
}

bool run_look(struct run_look *out, int at, const char *dir)
{
	int fd = openat(at, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
			(at == AT_FDCWD ? 0 : O_NOFOLLOW));
	struct stat st;
	bool done;

	if (fd < 0)
		return false;
	if (fstat(fd, &st)) {
		close(fd);
		return false;
	}
	add_dir(&out->sum, &st);
	add_newest(&out->newest, &st.st_mtim);
	if (!look_at_record(out, fd, RECORD_FILE)) {
		out->flags |= INDEX_VOTAKVOT;
		if (!look_at_record(out, fd, VOTAKVOT_FILE))
			out->flags = INDEX_NO_RECORD;
	}
	done = look_at_metrics(out, fd);
	close(fd);
	return done;
}

void run_look_reset(struct run_look *look)
{
	struct fingerprint none = FINGERPRINT_INIT;

	look->sum = none;
	memset(&look->newest, 0, sizeof(look->newest));
	look->flags = look->nr_files = 0;
	look->has_text = false;
	strbuf_reset(&look->files);
}

void run_look_release(struct run_look *look)
{
	strbuf_release(&look->files);
	strbuf_release(&look->text);
}

static uint64_t zone;

/* How this machine's local time lies, winter and summer, over many years: it
 * says what a time without a zone means. */
static void find_zone(void)
{
	struct fingerprint sum = FINGERPRINT_INIT;
	unsigned char raw[FINGERPRINT_RAWSZ];
	struct tm local;
	time_t t;
	unsigned i;

	for (i = 0; i < 120; i++) {
		int64_t offset = 0;

		t = (time_t)1262304000 + (time_t)i * 180 * 86400;
		if (localtime_r(&t, &local))
			offset = local.tm_gmtoff;
		fingerprint_add(&sum, &offset, sizeof(offset));
	}
	fingerprint_finish(&sum, raw);
	memcpy(&zone, raw, sizeof(zone));
}

static void finish(const struct fingerprint *sum, unsigned flags,
		   unsigned char *sign)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fingerprint all = *sum;

	if (flags & INDEX_LOCAL_TIME) {
		pthread_once(&once, find_zone);
		fingerprint_add(&all, &zone, sizeof(zone));
	}
	fingerprint_finish(&all, sign);
}

void run_look_sign(const struct run_look *look, unsigned flags,
		   unsigned char *sign)
{
	finish(&look->sum, flags, sign);
}

bool run_look_is_settled(const struct run_look *look,
			 const struct moment *opened)
{
	const struct timespec *t = &look->newest;
	int64_t sec = opened->sec - MARGIN_SEC;

	return t->tv_sec < sec || (t->tv_sec == sec &&
		t->tv_nsec < opened->usec * INT64_C(1000));
}

static const char *record_of(unsigned flags)
{
	if (flags & INDEX_NO_RECORD)
		return NULL;
	return flags & INDEX_VOTAKVOT ? VOTAKVOT_FILE : RECORD_FILE;
}

/* Of a file of the run whose directory's name, and a slash, is in `path`. */
static bool add_again(struct fingerprint *sum, int at, char *path, size_t len,
		      const char *name)
{
	struct stat st;

	memcpy(path + len, name, strlen(name) + 1);
	if (fstatat(at, path, &st, 0))
		return false;
	add_file(sum, &st);
	return true;
}

enum run_change run_look_again(const struct index_entry *entry, int at)
{
	struct fingerprint sum = FINGERPRINT_INIT;
	unsigned char sign[INDEX_SIGN_LEN];
	char path[2 * NAME_MAX + 3];
	size_t len = strlen(entry->name);
	const char *record = record_of(entry->flags), *file = entry->files;
	struct stat st;
	unsigned i;

	if (len > NAME_MAX)
		return RUN_GONE;
	memcpy(path, entry->name, len + 1);
	if (fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? RUN_GONE : RUN_CHANGED;
	if (!S_ISDIR(st.st_mode))
		return RUN_GONE;
	add_dir(&sum, &st);
	path[len++] = '/';
	if (record && !add_again(&sum, at, path, len, record))
		return RUN_CHANGED;
	for (i = 0; i < entry->nr_files; i++, file += strlen(file) + 1)
		if (strlen(file) > NAME_MAX ||
		    !add_again(&sum, at, path, len, file))
			return RUN_CHANGED;
	finish(&sum, entry->flags, sign);
	return memcmp(sign, entry->sign, sizeof(sign)) ? RUN_CHANGED :
	       RUN_SAME;
}
