#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/series/series-files.h"

#include <dirent.h>

#define PREFIX "metrics-"
#define PREFIX_LEN 8
#define WORKER_DIGITS 32

bool series_file_parse(const char *name, struct series_file *out,
		       const char **series, size_t *len)
{
	char room[PREFIX_LEN + 300];
	size_t at;

	if (strncmp(name, PREFIX, PREFIX_LEN))
		return false;
	out->of_worker = false;
	if (metrics_parse_name(name, &out->format, &out->number, series, len))
		return true;
	at = strspn(name + PREFIX_LEN, "0123456789abcdef") + PREFIX_LEN;
	if (at != PREFIX_LEN + WORKER_DIGITS || name[at] != '-' ||
	    strlen(name) >= sizeof(room))
		return false;
	/* the same without the worker's own number */
	memcpy(room, PREFIX, PREFIX_LEN);
	memcpy(room + PREFIX_LEN, name + at + 1, strlen(name + at + 1) + 1);
	if (!metrics_parse_name(room, &out->format, &out->number, series,
				len))
		return false;
	*series = name + (*series - room) + WORKER_DIGITS + 1;
	out->of_worker = true;
	return true;
}

static int compare_files(const void *a, const void *b)
{
	const struct series_file *x = a, *y = b;

	if (x->of_worker != y->of_worker)
		return x->of_worker - y->of_worker;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(x->name, y->name);
}

int series_files_find(struct series_files *out, const char *dir,
		      const char *series, struct strbuf *err)
{
	const struct dirent *e;
	int fd, ret = 0;
	DIR *d = NULL;

	out->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dirfd < 0)
		return fail_errno(err, "cannot open '%s'", dir);
	fd = fcntl(out->dirfd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		d = fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return fail_errno(err, "cannot read '%s'", dir);
	}
	while (errno = 0, (e = readdir(d))) {
		struct series_file file;
		const char *text;
		size_t len;

		if (!series_file_parse(e->d_name, &file, &text, &len) ||
		    (e->d_type != DT_REG && e->d_type != DT_UNKNOWN) ||
		    (series && (strlen(series) != len ||
				memcmp(series, text, len))))
			continue;
		file.name = xstrdup(e->d_name);
		file.series = xmemdupz(text, len);
		ARRAY_GROW(out->file, out->nr + 1, out->alloc);
		out->file[out->nr++] = file;
	}
	if (errno)
		ret = fail_errno(err, "cannot read '%s'", dir);
	closedir(d);
	if (out->nr)
		qsort(out->file, out->nr, sizeof(*out->file), compare_files);
	return ret;
}

void series_files_release(struct series_files *files)
{
	size_t i;

	for (i = 0; i < files->nr; i++) {
		free(files->file[i].name);
		free(files->file[i].series);
	}
	free(files->file);
	if (files->dirfd >= 0)
		close(files->dirfd);
	memset(files, 0, sizeof(*files));
	files->dirfd = -1;
}
