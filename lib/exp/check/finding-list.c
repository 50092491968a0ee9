#include "lib/base/compat.h"
#include "lib/exp/check/finding-list.h"

#include "lib/base/alloc.h"

void finding_list_add(struct finding_list *list, const struct finding *f)
{
	struct finding *copy;

	ARRAY_GROW(list->finding, list->nr + 1, list->alloc);
	copy = &list->finding[list->nr++];
	*copy = *f;
	copy->id = xstrdup(f->id);
	copy->where = xstrdup(f->where);
	copy->name = f->name ? xstrdup(f->name) : NULL;
	copy->text = xstrdup(f->text);
}

int finding_list_take(const struct finding *f, void *data)
{
	finding_list_add(data, f);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct finding *one = a, *two = b;
	int order = strcmp(one->where, two->where);

	if (!order)
		order = strcmp(one->id, two->id);
	return order ? order : strcmp(one->text, two->text);
}

static int compare_levels(const void *a, const void *b)
{
	const struct finding *one = a, *two = b;

	if (one->level != two->level)
		return one->level < two->level ? -1 : 1;
	return compare(a, b);
}

void finding_list_sort(struct finding_list *list)
{
	if (list->nr)
		qsort(list->finding, list->nr, sizeof(*list->finding), compare);
}

void finding_list_sort_by_level(struct finding_list *list)
{
	if (list->nr)
		qsort(list->finding, list->nr, sizeof(*list->finding),
		      compare_levels);
}

int finding_list_each(const struct finding_list *list, finding_fn fn,
		      void *data)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < list->nr && !ret; i++)
		ret = fn(&list->finding[i], data);
	return ret;
}

void finding_list_release(struct finding_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++) {
		free((char *)list->finding[i].id);
		free((char *)list->finding[i].where);
		free((char *)list->finding[i].name);
		free((char *)list->finding[i].text);
	}
	free(list->finding);
	list->finding = NULL;
	list->nr = list->alloc = 0;
}
