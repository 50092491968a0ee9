#include "lib/base/compat.h"
#include "builtin/bench.h"

#include <math.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/signals.h"

void bench_tally_release(struct bench_tally *t)
{
	size_t i, k;

	for (i = 0; i < t->nr_outcomes; i++)
		for (k = 0; k < t->outcome[i].nr; k++)
			strbuf_release(&t->outcome[i].sample[k]);
	free(t->outcome);
	free(t->took);
	free(t->response);
	free(t->spawn);
	memset(t, 0, sizeof(*t));
}

static int number_of(const struct bench_call *call)
{
	if (call->end == CALL_NOT_STARTED)
		return call->error;
	if (call->end != CALL_ENDED)
		return 0;
	return WIFSIGNALED(call->status) ? -WTERMSIG(call->status) :
					   WEXITSTATUS(call->status);
}

/* Where exit statuses, signals and errors are a few hundred at most. */
static struct bench_outcome *find_outcome(struct bench_tally *t,
					  enum call_end end, int number)
{
	struct bench_outcome *o;
	size_t i;

	for (i = 0; i < t->nr_outcomes; i++)
		if (t->outcome[i].end == end && t->outcome[i].number == number)
			return &t->outcome[i];
	ARRAY_GROW(t->outcome, t->nr_outcomes + 1, t->alloc_outcomes);
	o = &t->outcome[t->nr_outcomes++];
	memset(o, 0, sizeof(*o));
	o->end = end;
	o->number = number;
	return o;
}

static bool has_sample(const struct bench_outcome *o, const struct strbuf *text)
{
	size_t i;

	for (i = 0; i < o->nr; i++)
		if (o->sample[i].len == text->len &&
		    !memcmp(o->sample[i].buf, text->buf, text->len))
			return true;
	return false;
}

/*
 * Where only the end was kept, it begins in the middle of a line, and perhaps
 * of a secret, which cannot be told by its rest: that goes.
 */
static const char *whole_text(const struct bench_call *call)
{
	const char *lf;

	if (call->said_len < BENCH_SAID)
		return call->said;
	lf = memchr(call->said, '\n', call->said_len - 1);
	return lf ? lf + 1 : call->said + REDACT_OVERLAP;
}

static void add_sample(struct bench_outcome *o, const struct bench_call *call,
		       struct redaction *taken)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	if (!call->said || o->nr == BENCH_SAMPLES)
		return;
	for (i = 0; i < call->said_len; i++)
		if (!call->said[i])
			call->said[i] = '?';
	redact_text(taken, whole_text(call), &text);
	strbuf_trim(&text);
	strbuf_init(&o->sample[o->nr]);
	if (text.len && !has_sample(o, &text))
		o->sample[o->nr++] = text;
	else
		strbuf_release(&text);
}

/* Turns come in any order; those that never come are NaN. */
static void put_times(struct bench_tally *t, const struct bench_call *call)
{
	size_t turn = (size_t)call->turn;

	if (turn >= t->nr) {
		ARRAY_GROW(t->took, turn + 1, t->alloc);
		t->response = xrealloc_array(t->response, t->alloc,
					     sizeof(*t->response));
		for (; t->nr <= turn; t->nr++)
			t->took[t->nr] = t->response[t->nr] = NAN;
	}
	if (!bench_call_is_good(call))
		return;
	t->took[turn] = call->took;
	t->response[turn] = call->took + call->late;
}

void bench_tally_add(struct bench_tally *t, struct bench_call *call,
		     struct redaction *taken)
{
	struct bench_outcome *o;

	/* Neither done nor failed: it was not let. */
	if (call->end == CALL_CUT)
		return;
	t->calls++;
	put_times(t, call);
	o = find_outcome(t, call->end, number_of(call));
	o->count++;
	if (bench_call_is_good(call)) {
		ARRAY_GROW(t->spawn, t->nr_spawn + 1, t->alloc_spawn);
		t->spawn[t->nr_spawn++] = call->spawn;
	} else {
		t->failed++;
		add_sample(o, call, taken);
	}
	t->user += call->user;
	t->sys += call->sys;
	t->max_rss = MAXIMUM(t->max_rss, call->max_rss);
}

bool bench_outcome_is_good(const struct bench_outcome *o)
{
	return o->end == CALL_ENDED && !o->number;
}

void bench_outcome_format(struct strbuf *out, const struct bench_outcome *o)
{
	if (o->end == CALL_TIMED_OUT)
		strbuf_addstr(out, "timeout");
	else if (o->end == CALL_NOT_STARTED)
		strbuf_addf(out, _("cannot be started: %s"),
			    strerror(o->number));
	else if (o->number < 0)
		strbuf_addstr(out, signal_name(-o->number));
	else
		strbuf_addf(out, _("exit status %d"), o->number);
}
