#include "lib/base/compat.h"
#include "builtin/init-ask.h"

#include "builtin/ask-comment.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"

void init_tell(const struct strbuf *text)
{
	struct strbuf safe = STRBUF_INIT;

	quote_terminal(&safe, text->buf, text->len);
	fprintf(stderr, "%s\n", safe.buf);
	strbuf_release(&safe);
}

static int check(const struct init_plan *plan, const struct question *q,
		 struct strbuf *answer, struct strbuf *err)
{
	int ret = q->check ? q->check(plan, answer, err) : 0;

	if (!ret && !utf8_is_valid(answer->buf, answer->len))
		ret = fail(err, ERR_USAGE, "what the conf holds must be "
			   "UTF-8");
	return ret;
}

static int ask(const struct init_plan *plan, const struct question *q,
	       struct strbuf *out, struct strbuf *err)
{
	struct strbuf prompt = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	strbuf_addstr(&prompt, q->text);
	if (q->otherwise)
		strbuf_addf(&prompt, " (%s)", q->otherwise);
	strbuf_addstr(&prompt, ": ");
	for (;;) {
		ret = ask_line(out, prompt.buf, NULL, &why);
		if (ret) {
			ret = fail(err, ret, "%s", ret == ERR_NO ?
				   "init was given up, nothing was made" :
				   why.buf);
			break;
		}
		strbuf_trim(out);
		if (!out->len && q->otherwise)
			strbuf_addstr(out, q->otherwise);
		if (!out->len && q->optional)
			break;
		if (!out->len)
			continue;
		if (!check(plan, q, out, &why))
			break;
		init_tell(&why);
		strbuf_reset(&why);
	}
	strbuf_release(&prompt);
	strbuf_release(&why);
	return ret;
}

int init_answer(const struct init_plan *plan, const struct question *q,
		struct strbuf *out, struct strbuf *err)
{
	const char *text = q->given ? q->given : q->otherwise;

	if (!q->given && term_is_interactive())
		return ask(plan, q, out, err);
	strbuf_reset(out);
	if ((!text || !*text) && q->optional)
		return 0;
	if (!text || !*text)
		return fail(err, ERR_USAGE, "the answer to '%s' is missing; "
			    "give it with %s", q->text, q->option);
	strbuf_addstr(out, text);
	return check(plan, q, out, err);
}

bool init_answer_yes(int given, const char *format, const char *what)
{
	struct strbuf question = STRBUF_INIT;
	bool ret = given != 0;

	if (given < 0) {
		strbuf_addf(&question, _(format), what);
		ret = ask_yes_no(question.buf, true);
	}
	strbuf_release(&question);
	return ret;
}
