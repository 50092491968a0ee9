/*
 * records-limit stat|read|yaml [-j N] DIR: what a report over the experiments
 * in DIR cannot be faster than. Lists DIR; several threads then do one thing
 * with the record of each: stat(2) it; read it; have libyaml tell its events.
 * No names are checked, nothing is kept, printed or understood.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strvec.h"

#include <dirent.h>
#include <pthread.h>
#include <yaml.h>

#define TAKEN 64
#define MAX_RECORD ((size_t)1 << 20)
#define THREADS_MAX 64

enum work { WORK_STAT, WORK_READ, WORK_YAML };

static enum work work;
static const char *top;
static struct strvec names = STRVEC_INIT;
static size_t next;

static ssize_t read_record(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, MAX_RECORD);
	close(fd);
	return len;
}

static void parse(const char *text, size_t len)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool done = false;

	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
				     len);
	while (!done) {
		if (!yaml_parser_parse(&parser, &event))
			break;
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

static void do_one(const char *name, char *text)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s/resutil-exp.yaml", top, name);
	if (work == WORK_STAT) {
		stat(path, &st);
		return;
	}
	len = read_record(path, text);
	if (len > 0 && work == WORK_YAML)
		parse(text, (size_t)len);
}

static void *do_some(void *data UNUSED)
{
	char *text = xmalloc(MAX_RECORD);

	for (;;) {
		size_t i = __atomic_fetch_add(&next, TAKEN, __ATOMIC_RELAXED);
		size_t end = MINIMUM(i + TAKEN, names.nr);

		if (i >= end)
			break;
		for (; i < end; i++)
			do_one(names.v[i], text);
	}
	free(text);
	return NULL;
}

static void list(void)
{
	DIR *dir = opendir(top);
	const struct dirent *entry;

	if (!dir)
		exit(128);
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			strvec_push(&names, entry->d_name);
	closedir(dir);
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS_MAX];
	unsigned nr = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), i;
	int at = 2;

	if (argc > 4 && !strcmp(argv[2], "-j")) {
		nr = (unsigned)strtoul(argv[3], NULL, 10);
		at = 4;
	}
	if (argc != at + 1 || !nr || nr > THREADS_MAX)
		return 129;
	work = !strcmp(argv[1], "stat") ? WORK_STAT :
	       !strcmp(argv[1], "read") ? WORK_READ : WORK_YAML;
	top = argv[at];
	list();
	for (i = 1; i < nr; i++)
		pthread_create(&thread[i], NULL, do_some, NULL);
	do_some(NULL);
	for (i = 1; i < nr; i++)
		pthread_join(thread[i], NULL);
	strvec_release(&names);
	return 0;
}
