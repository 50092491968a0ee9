#include "lib/base/compat.h"
#include "builtin/report.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"

#include <math.h>

struct sorting {
	const struct sort_keys *keys;
	const struct cell *cells;
	size_t width;
};

static int add_key(struct sort_keys *keys, const char *text,
		   struct strbuf *err)
{
	struct strvec parts = STRVEC_INIT;
	bool descending = *text == '-';
	int ret;

	text += descending;
	ret = field_path_split(&parts, text, err);
	strvec_release(&parts);
	if (ret)
		return ret;
	ARRAY_GROW(keys->key, keys->nr + 1, keys->alloc);
	keys->key[keys->nr++] = (struct sort_key){
		.field = xstrdup(text), .descending = descending
	};
	return 0;
}

int sort_keys_parse(struct sort_keys *keys, const struct strvec *words,
		    struct strbuf *err)
{
	size_t i, j;
	int ret = 0;

	for (i = 0; !ret && i < words->nr; i++) {
		struct field_list list = FIELD_LIST_INIT;

		ret = field_list_parse(&list, words->v[i], err);
		for (j = 0; !ret && j < list.item.nr; j++)
			ret = add_key(keys, list.item.v[j], err);
		field_list_release(&list);
	}
	return ret;
}

void sort_keys_release(struct sort_keys *keys)
{
	size_t i;

	for (i = 0; i < keys->nr; i++)
		free(keys->key[i].field);
	free(keys->key);
}

/* Nothing that could be greater or less. */
static bool is_nothing(const struct cell *cell)
{
	return cell->type == CELL_NONE || cell->type == CELL_NULL ||
	       (cell->type == CELL_FLOAT && isnan(cell->u.real));
}

int sort_compare(const struct sort_keys *keys, const struct cell *a,
		 const struct cell *b)
{
	size_t i;

	for (i = 0; i < keys->nr; i++) {
		const struct sort_key *key = &keys->key[i];
		const struct cell *x = &a[key->column], *y = &b[key->column];
		bool no_x = is_nothing(x), no_y = is_nothing(y);
		int order;

		if (no_x != no_y)
			return no_x ? 1 : -1;
		order = cell_compare(x, y);
		if (order)
			return key->descending && !no_x ? -order : order;
	}
	return 0;
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct sorting *s = data;
	size_t one = *(const size_t *)a, two = *(const size_t *)b;
	int order = sort_compare(s->keys, &s->cells[one * s->width],
				 &s->cells[two * s->width]);

	return order ? order : one < two ? -1 : 1;
}

size_t *sort_rows(const struct sort_keys *keys, const struct cell *cells,
		  size_t nr, size_t width)
{
	struct sorting sorting = { keys, cells, width };
	size_t *place = xcalloc(nr + 1, sizeof(*place)), i;

	for (i = 0; i < nr; i++)
		place[i] = i;
	if (nr && keys->nr)
		qsort_r(place, nr, sizeof(*place), compare_rows, &sorting);
	return place;
}
