#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/exp-load.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

#include <pthread.h>

#define MAX_READERS 8
/* Below that a thread costs more than it saves. */
#define RECORDS_PER_READER 32

struct loading {
	const struct project *project;
	struct exp_items *items;
	pthread_mutex_t lock;
	size_t next;
};

static void load_one(const struct project *p, struct exp_item *item)
{
	struct strbuf dir = STRBUF_INIT, err = STRBUF_INIT;
	const char *created;

	project_exp_path(p, item->name, &dir);
	item->code = record_read(&item->record, dir.buf, &err);
	if (item->code) {
		item->record = NULL;
		item->problem = strbuf_detach(&err, NULL);
	}
	created = value_get_text(item->record, "at.created");
	if (!created || !moment_parse(&item->created, created))
		item->created = name_moment(item->name);
	strbuf_release(&err);
	strbuf_release(&dir);
}

static void *load_some(void *data)
{
	struct loading *loading = data;

	for (;;) {
		size_t i;

		pthread_mutex_lock(&loading->lock);
		i = loading->next++;
		pthread_mutex_unlock(&loading->lock);
		if (i >= loading->items->nr)
			return NULL;
		load_one(loading->project, &loading->items->item[i]);
	}
}

void exp_load(struct exp_items *out, const struct project *p,
	      const struct strvec *names)
{
	struct loading loading = { .project = p, .items = out };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t nr = names->nr / RECORDS_PER_READER, i;
	pthread_t thread[MAX_READERS];

	out->nr = names->nr;
	out->item = xcalloc(names->nr, sizeof(*out->item));
	for (i = 0; i < names->nr; i++)
		out->item[i].name = xstrdup(names->v[i]);

	nr = MINIMUM(nr, MAX_READERS);
	nr = MINIMUM(nr, (size_t)MAXIMUM(cores, 1));
	pthread_mutex_init(&loading.lock, NULL);
	/* This thread reads too, so one that cannot be had is no loss. */
	for (i = 0; i + 1 < nr; i++)
		if (pthread_create(&thread[i], NULL, load_some, &loading))
			break;
	load_some(&loading);
	while (i)
		pthread_join(thread[--i], NULL);
	pthread_mutex_destroy(&loading.lock);
}

static int compare_created(const void *a, const void *b)
{
	const struct exp_item *one = a, *two = b;
	int order = moment_compare(&one->created, &two->created);

	return order ? order : strcmp(one->name, two->name);
}

void exp_items_sort(struct exp_items *items)
{
	if (items->nr)
		qsort(items->item, items->nr, sizeof(*items->item),
		      compare_created);
}

void exp_items_release(struct exp_items *items)
{
	size_t i;

	for (i = 0; i < items->nr; i++) {
		free(items->item[i].name);
		free(items->item[i].problem);
		value_free(items->item[i].record);
	}
	free(items->item);
	items->item = NULL;
	items->nr = 0;
}
