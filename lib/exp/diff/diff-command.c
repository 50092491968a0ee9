#include "lib/base/compat.h"
#include "lib/exp/diff/diff-findings.h"

#include "lib/base/quote.h"

static void split_blanks(struct strvec *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (len)
			strvec_pushn(out, text, len);
		text += len + (text[len] == ' ');
	}
}

void diff_words(struct strvec *out, const struct value *record)
{
	const struct value *argv = value_map_get(record, "argv");
	const char *cmd = value_get_text(record, "cmd");
	const char *args = value_get_text(record, "args");
	struct strbuf text = STRBUF_INIT;
	size_t i;

	if (argv && argv->type == VALUE_LIST) {
		for (i = 0; i < argv->u.list.nr; i++) {
			strbuf_reset(&text);
			value_format(&text, argv->u.list.item[i]);
			strvec_push(out, text.buf);
		}
	} else if (args) {
		split_blanks(out, args);
	} else if (cmd && unquote_shell(out, cmd, NULL)) {
		strvec_clear(out);
		split_blanks(out, cmd);
	}
	strbuf_release(&text);
}

static bool is_number(const char *word)
{
	char *end;

	strtod(word, &end);
	return end != word && !*end;
}

/* `key=value`, as resutilformat-exp(5), "PARAMS" knows it. */
static bool is_assignment(const char *word)
{
	const char *s = word;

	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || (*s && strchr("_.-", *s)))
		s++;
	return *s == '=';
}

/* Where an interpreter lies is told by `meta.python`. */
static const char *program(const char *word)
{
	const char *slash = strrchr(word, '/');

	return *word == '/' && !strncmp(slash + 1, "python", 6) ? slash + 1 :
								 word;
}

void diff_bare_words(struct strvec *out, const struct strvec *words,
		     const struct diff_run *run)
{
	struct strbuf word = STRBUF_INIT;
	bool ended = false;
	size_t i;

	for (i = 0; i < words->nr; i++) {
		const char *at = words->v[i], *next = words->v[i + 1];

		if (i && !ended && !strcmp(at, "--")) {
			ended = true;
		} else if (i && !ended && !strncmp(at, "--", 2)) {
			if (!strchr(at, '=') && next &&
			    (*next != '-' || !next[1] || is_number(next)))
				i++;
			continue;
		} else if (i && !ended && is_assignment(at)) {
			continue;
		}
		if (!i)
			at = program(at);
		strbuf_reset(&word);
		diff_own_text(&word, run, at, strlen(at));
		strvec_push(out, word.buf);
	}
	strbuf_release(&word);
}

static void add_bare(struct strvec *out, const struct diff_run *run)
{
	struct strvec words = STRVEC_INIT;

	diff_words(&words, run->record);
	diff_bare_words(out, &words, run);
	strvec_release(&words);
}

static struct value *joined(const struct strvec *words)
{
	struct strbuf text = STRBUF_INIT;
	struct value *value;

	if (!words->nr)
		return NULL;
	quote_shell_argv(&text, words->v);
	value = value_new_text(text.buf, text.len);
	strbuf_release(&text);
	return value;
}

void diff_command(struct findings *out, const struct diff_run *run_a,
		  const struct diff_run *run_b)
{
	struct strvec a = STRVEC_INIT, b = STRVEC_INIT;
	size_t i;
	bool same;

	add_bare(&a, run_a);
	add_bare(&b, run_b);
	same = a.nr == b.nr;
	for (i = 0; same && i < a.nr; i++)
		same = !strcmp(a.v[i], b.v[i]);
	if (!same)
		finding_values(findings_add(out, DIFF_COMMAND, DIFF_ACTS,
					    RANK_COMMAND, "cmd"),
			       joined(&a), joined(&b));
	strvec_release(&b);
	strvec_release(&a);
}
