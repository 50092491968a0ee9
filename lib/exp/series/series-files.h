/*
 * Which files of a directory are series, and of which.
 * Source: resutilformat-metrics(5), "NAMES OF FILES".
 */
#ifndef LIB_EXP_SERIES_SERIES_FILES_H
#define LIB_EXP_SERIES_SERIES_FILES_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/series/metrics-file.h"

struct series_file {
	char *name;
	char *series;		/* "": the one without a name */
	enum metrics_format format;
	uint64_t number;
	bool of_worker;		/* as votakvot's workers name them */
};

struct series_files {
	struct series_file *file;
	size_t nr, alloc;
	int dirfd;		/* of the directory */
};

#define SERIES_FILES_INIT { NULL, 0, 0, -1 }

/** Those of that series (NULL: of any), in the order in which they were begun.
 *  ERR_NOT_FOUND: no such directory. */
int series_files_find(struct series_files *out, const char *dir,
		      const char *series, struct strbuf *err);
void series_files_release(struct series_files *files);

/** False: it is none. The name of the series is of `len` bytes. */
bool series_file_parse(const char *name, struct series_file *out,
		       const char **series, size_t *len);

#endif
