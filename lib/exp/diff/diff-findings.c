#include "lib/base/compat.h"
#include "lib/exp/diff/diff-findings.h"

#include "lib/base/alloc.h"

const char *const diff_kind_names[DIFF_KINDS] = {
	"command", "params", "code", "inputs", "packages", "environment",
	"record", "results", "files"
};

const char *const diff_class_names[] = { "acts", "may act", "cannot act" };

struct finding *findings_add(struct findings *f, enum diff_kind kind,
			     enum diff_class class, unsigned rank,
			     const char *name)
{
	struct finding *finding;

	ARRAY_GROW(f->item, f->nr + 1, f->alloc);
	finding = &f->item[f->nr++];
	memset(finding, 0, sizeof(*finding));
	finding->kind = kind;
	finding->class = class;
	finding->rank = rank;
	finding->name = xstrdup(name);
	finding->status = 'M';
	finding->added = finding->removed = -1;
	finding->size_a = finding->size_b = -1;
	return finding;
}

void finding_values(struct finding *finding, struct value *a, struct value *b)
{
	finding->a = a;
	finding->b = b;
	finding->status = !a ? 'A' : !b ? 'D' : 'M';
}

void finding_why(struct finding *finding, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	free(finding->why);
	finding->why = strbuf_detach(&text, NULL);
}

static int compare(const void *one, const void *two)
{
	const struct finding *a = one, *b = two;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(a->name, b->name);
}

void findings_sort(struct findings *f)
{
	if (f->nr)
		qsort(f->item, f->nr, sizeof(*f->item), compare);
	strvec_sort(&f->unknown, true);
}

size_t findings_count(const struct findings *f, enum diff_class class)
{
	size_t i, nr = 0;

	for (i = 0; i < f->nr; i++)
		nr += f->item[i].class == class;
	return nr;
}

void findings_release(struct findings *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++) {
		value_free(f->item[i].a);
		value_free(f->item[i].b);
		free(f->item[i].name);
		free(f->item[i].why);
	}
	free(f->item);
	strvec_release(&f->unknown);
	memset(f, 0, sizeof(*f));
}
