#include "lib/base/compat.h"
#include "lib/exp/diff/diff-findings.h"

#include "lib/base/alloc.h"
#include "lib/exp/record/name.h"

/* A dependency, or a file of one. */
struct input {
	char *key;	/* what the other run's would be called: the comment
			 * of the experiment, and the path in it */
	const char *name;	/* of the experiment; lent */
	const char *id;		/* NULL: not known */
	const char *sha256;
	int64_t size;		/* -1: not known */
	bool met;
};

struct inputs {
	struct input *item;
	size_t nr, alloc;
};

/* What a person calls it, whenever it was made. */
static void add_comment(struct strbuf *out, const char *name)
{
	struct name_parts parts;

	strbuf_addstr(out, name_parse(&parts, name) && parts.comment ?
			   parts.comment : name);
}

static struct input *add_input(struct inputs *inputs, const char *name)
{
	struct input *input;

	ARRAY_GROW(inputs->item, inputs->nr + 1, inputs->alloc);
	input = &inputs->item[inputs->nr++];
	memset(input, 0, sizeof(*input));
	input->name = name;
	input->size = -1;
	return input;
}

static void read_dependencies(struct inputs *out, const struct value *record)
{
	const struct value *list = value_map_get(record, "dependency");
	const struct value *ids = value_map_get(record, "dependency_ids");
	struct strbuf key = STRBUF_INIT;
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const char *name = value_text(list->u.list.item[i]);
		struct input *input;

		if (!name)
			continue;
		input = add_input(out, name);
		input->id = value_text(value_map_get(ids, name));
		strbuf_reset(&key);
		add_comment(&key, name);
		input->key = xstrdup(key.buf);
	}
	strbuf_release(&key);
}

static void read_files(struct inputs *out, const struct value *record)
{
	const struct value *list = value_map_get(record, "inputs");
	struct strbuf key = STRBUF_INIT;
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const struct value *item = list->u.list.item[i];
		const char *name = value_get_text(item, "experiment");
		const char *path = value_get_text(item, "path");
		struct input *input;

		if (!name || !path || !*path)
			continue;	/* all of it: a dependency says so */
		input = add_input(out, name);
		input->sha256 = value_get_text(item, "sha256");
		value_get_int(item, "size", &input->size);
		strbuf_reset(&key);
		add_comment(&key, name);
		strbuf_addf(&key, "/%s", path);
		input->key = xstrdup(key.buf);
	}
	strbuf_release(&key);
}

static void inputs_release(struct inputs *inputs)
{
	size_t i;

	for (i = 0; i < inputs->nr; i++)
		free(inputs->item[i].key);
	free(inputs->item);
}

static bool is_same_exp(const struct input *a, const struct input *b)
{
	if (a->id && b->id)
		return !strcmp(a->id, b->id);
	return !strcmp(a->name, b->name);
}

/* Of a file, with its slash. */
static const char *path_in(const struct input *input)
{
	return strchrnul(input->key, '/');
}

/* The other run's: the same experiment, else one that is called the same. */
static struct input *find(struct inputs *inputs, const struct input *like,
			  bool same)
{
	size_t i;

	for (i = 0; i < inputs->nr; i++) {
		struct input *one = &inputs->item[i];

		if (!one->met && (same ? is_same_exp(one, like) &&
				  !strcmp(path_in(one), path_in(like)) :
				  !strcmp(one->key, like->key)))
			return one;
	}
	return NULL;
}

static struct value *shown(const struct input *input, bool is_file)
{
	struct strbuf text = STRBUF_INIT;
	struct value *value;

	strbuf_addstr(&text, input->name);
	if (is_file)
		strbuf_addstr(&text, path_in(input));
	if (input->sha256)
		strbuf_addf(&text, " sha256:%.12s", input->sha256);
	value = value_new_text(text.buf, text.len);
	strbuf_release(&text);
	return value;
}

static struct finding *add(struct findings *out, const struct input *a,
			   const struct input *b, bool is_file)
{
	const struct input *any = a ? a : b;
	struct strbuf name = STRBUF_INIT;
	struct finding *finding;

	strbuf_addf(&name, "%s:%s", is_file ? "input" : "dependency",
		    any->key);
	finding = findings_add(out, DIFF_INPUTS, DIFF_ACTS, RANK_INPUT,
			       name.buf);
	finding_values(finding, a ? shown(a, is_file) : NULL,
		       b ? shown(b, is_file) : NULL);
	finding->size_a = a ? a->size : -1;
	finding->size_b = b ? b->size : -1;
	strbuf_release(&name);
	return finding;
}

/* Both runs had a file of that name. */
static void compare_files(struct findings *out, const struct input *a,
			  const struct input *b)
{
	struct finding *finding;
	bool both = a->sha256 && b->sha256;

	if (both ? !strcmp(a->sha256, b->sha256) :
	    is_same_exp(a, b) && a->size == b->size)
		return;
	finding = add(out, a, b, true);
	if (both || (a->size >= 0 && b->size >= 0 && a->size != b->size)) {
		finding_why(finding, "its content differs");
		return;
	}
	finding->class = DIFF_MAY_ACT;
	finding->rank = RANK_OTHER_CODE;
	finding_why(finding, "of the same size, and no hash was recorded");
}

static void meet_files(struct findings *out, struct inputs *a,
		       struct inputs *b, bool same)
{
	size_t i;

	for (i = 0; i < a->nr; i++) {
		struct input *other = a->item[i].met ? NULL :
				      find(b, &a->item[i], same);

		if (!other)
			continue;
		a->item[i].met = other->met = true;
		compare_files(out, &a->item[i], other);
	}
}

/* Whether all that is known to have been read of it is in the other run's
 * experiment of that name, at the same places and with the same hashes. */
static bool is_refuted(const struct inputs *a_files,
		       const struct inputs *b_files, const struct input *a,
		       const struct input *b)
{
	size_t i, j, nr = 0;

	for (i = 0; i < a_files->nr; i++) {
		const struct input *one = &a_files->item[i];
		bool found = false;

		if (strcmp(one->name, a->name))
			continue;
		for (j = 0; j < b_files->nr && !found; j++) {
			const struct input *two = &b_files->item[j];

			found = !strcmp(two->name, b->name) && one->sha256 &&
				two->sha256 && !strcmp(path_in(one),
						       path_in(two)) &&
				!strcmp(one->sha256, two->sha256);
		}
		if (!found)
			return false;
		nr++;
	}
	return nr;
}

static void compare_dependencies(struct findings *out, struct inputs *a,
				 struct inputs *b,
				 const struct inputs *a_files,
				 const struct inputs *b_files)
{
	struct finding *finding;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		struct input *one = &a->item[i], *two;

		if (one->met)
			continue;
		two = find(b, one, false);
		if (two)
			two->met = true;
		finding = add(out, one, two, false);
		if (!two)
			continue;
		finding_why(finding, "another experiment of that name");
		if (is_refuted(a_files, b_files, one, two)) {
			finding->class = DIFF_MAY_ACT;
			finding->rank = RANK_UNKNOWN;
			finding_why(finding, "another experiment, but the "
				    "files that were read are the same");
		}
	}
	for (i = 0; i < b->nr; i++)
		if (!b->item[i].met)
			add(out, NULL, &b->item[i], false);
}

/* Those that both have need not be told of. */
static void meet_same(struct inputs *a, struct inputs *b)
{
	size_t i;

	for (i = 0; i < a->nr; i++) {
		struct input *other = find(b, &a->item[i], true);

		if (other)
			a->item[i].met = other->met = true;
	}
}

void diff_inputs(struct findings *out, const struct diff_run *run_a,
		 const struct diff_run *run_b)
{
	struct inputs a = { NULL, 0, 0 }, b = a, a_files = a, b_files = a;

	read_dependencies(&a, run_a->record);
	read_dependencies(&b, run_b->record);
	read_files(&a_files, run_a->record);
	read_files(&b_files, run_b->record);
	meet_same(&a, &b);
	compare_dependencies(out, &a, &b, &a_files, &b_files);
	meet_files(out, &a_files, &b_files, true);
	meet_files(out, &a_files, &b_files, false);
	inputs_release(&b_files);
	inputs_release(&a_files);
	inputs_release(&b);
	inputs_release(&a);
}
