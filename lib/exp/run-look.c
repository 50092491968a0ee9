#include "lib/base/compat.h"
#include "lib/exp/run-look.h"
#include "lib/exp/record.h"
#include "lib/exp/series-files.h"

#include <dirent.h>
#include <pthread.h>

#define VOTAKVOT_FILE "votakvot.yaml"

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

static bool look_at_file(struct run_look *out, int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, 0))
		return false;
	add_file(&out->sum, &st);
	add_newest(&out->newest, &st.st_mtim);
	add_newest(&out->newest, &st.st_ctim);
	return true;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Metrics in byte order, so that one order of a directory is as good as
 * another. */
static bool look_at_metrics(struct run_look *out, DIR *dir)
{
	const struct dirent *e;
	struct strvec names = STRVEC_INIT;
	bool done = true;
	size_t i;

	while (errno = 0, (e = readdir(dir))) {
		struct series_file file;
		const char *series;
		size_t len;

		if (series_file_parse(e->d_name, &file, &series, &len))
			strvec_push(&names, e->d_name);
	}
	if (errno)
		done = false;
	if (names.nr)
		qsort(names.v, names.nr, sizeof(*names.v), compare_texts);
	for (i = 0; done && i < names.nr; i++) {
		/* one that has just gone changes the directory */
		look_at_file(out, dirfd(dir), names.v[i]);
		strbuf_add(&out->files, names.v[i], strlen(names.v[i]) + 1);
	}
	out->nr_files = (unsigned)names.nr;
	strvec_release(&names);
	return done;
}

bool run_look(struct run_look *out, int at, const char *dir)
{
	int fd = openat(at, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
			(at == AT_FDCWD ? 0 : O_NOFOLLOW));
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct stat st;
	bool done;

	if (!d || fstat(fd, &st)) {
		if (d)
			closedir(d);
		else if (fd >= 0)
			close(fd);
		return false;
	}
	add_dir(&out->sum, &st);
	add_newest(&out->newest, &st.st_mtim);
	if (!look_at_file(out, fd, RECORD_FILE)) {
		out->flags |= INDEX_VOTAKVOT;
		if (!look_at_file(out, fd, VOTAKVOT_FILE))
			out->flags = INDEX_NO_RECORD;
	}
	done = look_at_metrics(out, d);
	closedir(d);
	return done;
}

void run_look_reset(struct run_look *look)
{
	struct fingerprint none = FINGERPRINT_INIT;

	look->sum = none;
	memset(&look->newest, 0, sizeof(look->newest));
	look->flags = look->nr_files = 0;
	strbuf_reset(&look->files);
}

void run_look_release(struct run_look *look)
{
	strbuf_release(&look->files);
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
