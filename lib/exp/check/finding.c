#include "lib/base/compat.h"
#include "lib/exp/check/finding.h"

#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"

#define NO_NAME "-"
#define FIELDS 7

static const char *const levels[FINDING_LEVEL_NR] = {
	"error", "warning", "note", "leftover"
};

static const char *const states[FINDING_STATE_NR] = {
	"open", "would", "mended", "removed"
};

/* Bits of check_options.keep, by their place here. */
static const char *const leftovers[] = {
	"cache", "checkpoint-file", "copy-rest", "hidden-dir", "ledger-torn",
	"live-file", "partial-mark", "rename-note", "rerun-tree", "run-hint",
	"temp-file", "trial-root", "upload-note", "upload-rest"
};

int finding_keep_add(unsigned *keep, const char *id, struct strbuf *err)
{
	struct strbuf known = STRBUF_INIT, shown = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(leftovers); i++) {
		if (!strcmp(id, leftovers[i])) {
			*keep |= 1u << i;
			strbuf_release(&known);
			return 0;
		}
		strbuf_addf(&known, "%s%s", i ? ", " : "", leftovers[i]);
	}
	quote_terminal(&shown, id, strlen(id));
	ret = fail(err, ERR_USAGE, "'%s' is no kind of leftover; these are: %s",
		   shown.buf, known.buf);
	strbuf_release(&shown);
	strbuf_release(&known);
	return ret;
}

bool finding_is_kept(const struct check_options *o, const char *id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(leftovers); i++)
		if (!strcmp(id, leftovers[i]))
			return (o->keep >> i & 1) != 0;
	return false;
}

const char *finding_level_name(enum finding_level level)
{
	return levels[level];
}

bool finding_is_bad(const struct finding *f)
{
	return f->level <= FINDING_WARNING &&
	       (f->state == FINDING_OPEN || f->state == FINDING_WOULD);
}

struct value *finding_value(const struct finding *f)
{
	struct value *map = value_new_map();

	value_map_set_str(map, "level", levels[f->level]);
	value_map_set_str(map, "id", f->id);
	value_map_set_str(map, "state", states[f->state]);
	value_map_set(map, "where", value_new_text(f->where, strlen(f->where)));
	value_map_set(map, "name", f->name ?
		      value_new_text(f->name, strlen(f->name)) :
		      value_new_null());
	value_map_set_int(map, "bytes", (int64_t)f->bytes);
	value_map_set(map, "text", value_new_text(f->text, strlen(f->text)));
	return map;
}

void finding_print(struct strbuf *out, const struct finding *f, bool z,
		   bool json)
{
	struct value *map;

	if (json) {
		map = finding_value(f);
		json_write(out, map);
		strbuf_addch(out, '\n');
		value_free(map);
		return;
	}
	strbuf_addf(out, "%s\t%s\t%s\t", levels[f->level], f->id,
		    states[f->state]);
	if (z)
		strbuf_addstr(out, f->where);
	else
		quote_c(out, f->where, strlen(f->where));
	strbuf_addch(out, '\t');
	if (z || !f->name)
		strbuf_addstr(out, f->name ? f->name : NO_NAME);
	else
		quote_c(out, f->name, strlen(f->name));
	strbuf_addf(out, "\t%" PRIu64 "\t", f->bytes);
	/* It may quote what a file says. */
	quote_terminal(out, f->text, strlen(f->text));
	strbuf_addch(out, z ? '\0' : '\n');
}

static int find_word(const char *const *words, size_t nr, const char *word)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(words[i], word))
			return (int)i;
	return -1;
}

static bool parse_bytes(uint64_t *out, const char *text)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && !*end;
}

static bool is_id(const char *text)
{
	return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")] == 0;
}

/* In its own place: a path is never longer than what quotes it. */
static bool unquote(char *text)
{
	struct strbuf plain = STRBUF_INIT;
	bool ok;

	if (*text != '"')
		return true;
	ok = !unquote_c(&plain, text, NULL) && plain.len <= strlen(text) &&
	     !memchr(plain.buf, '\0', plain.len);
	if (ok)
		memcpy(text, plain.buf, plain.len + 1);
	strbuf_release(&plain);
	return ok;
}

bool finding_parse(struct finding *f, char *line)
{
	char *field[FIELDS];
	int i, level, state;

	for (i = 0; i < FIELDS; i++) {
		field[i] = line;
		line = strchr(line, '\t');
		if (!line != (i == FIELDS - 1))
			return false;
		if (line)
			*line++ = '\0';
	}
	level = find_word(levels, ARRAY_SIZE(levels), field[0]);
	state = find_word(states, ARRAY_SIZE(states), field[2]);
	if (level < 0 || state < 0 || !is_id(field[1]) || !unquote(field[3]) ||
	    !unquote(field[4]) || !*field[4] ||
	    !parse_bytes(&f->bytes, field[5]))
		return false;
	f->level = (enum finding_level)level;
	f->state = (enum finding_state)state;
	f->id = field[1];
	f->where = field[3];
	f->name = strcmp(field[4], NO_NAME) ? field[4] : NULL;
	f->text = field[6];
	return true;
}
