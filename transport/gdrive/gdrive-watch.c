/*
 * Waiting for others who do what we want to do, and may die at it. Nothing
 * tells that but that they give no sign of life.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/gdrive/gdrive-internal.h"

#include <sys/random.h>

/* Milliseconds between two looks. */
#define LOOK_FIRST 50
#define LOOK_LAST 2000
/* For so many looks nobody is told that we wait: some seconds. */
#define LOOKS_QUIET 7

struct gdrive_rival {
	char *who;
	char *mark;		/* as seen last */
	uint64_t since;		/* when it was first seen so */
};

uint64_t gdrive_claim_max(void)
{
	const char *test = getenv("RESUTIL_TEST_GDRIVE_CLAIM");

	return test ? strtoull(test, NULL, 10) :
		      (uint64_t)GDRIVE_CLAIM_MAX * 1000;
}

void gdrive_add_chance(struct strbuf *out)
{
	uint64_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = gdrive_ticks() << 20 ^ (uint64_t)getpid();
	strbuf_addf(out, "%016" PRIx64, chance);
}

void gdrive_give_up(struct gdrive_store *s, const char *what)
{
	pthread_mutex_lock(&s->lock);
	strvec_push(&s->given_up, what);
	pthread_mutex_unlock(&s->lock);
}

bool gdrive_is_given_up(struct gdrive_store *s, const char *what)
{
	bool given_up = false;
	size_t i;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i < s->given_up.nr && !given_up; i++)
		given_up = !strcmp(s->given_up.v[i], what);
	pthread_mutex_unlock(&s->lock);
	return given_up;
}

void gdrive_watch_init(struct gdrive_watch *w)
{
	memset(w, 0, sizeof(*w));
	w->end = gdrive_ticks() + 2 * gdrive_claim_max() + 30000;
}

void gdrive_watch_release(struct gdrive_watch *w)
{
	size_t i;

	for (i = 0; i < w->nr; i++) {
		free(w->rival[i].who);
		free(w->rival[i].mark);
	}
	free(w->rival);
}

static struct gdrive_rival *find_rival(struct gdrive_watch *w, const char *who)
{
	struct gdrive_rival *r;
	size_t i;

	for (i = 0; i < w->nr; i++)
		if (!strcmp(w->rival[i].who, who))
			return &w->rival[i];
	ARRAY_GROW(w->rival, w->nr + 1, w->alloc);
	r = &w->rival[w->nr++];
	memset(r, 0, sizeof(*r));
	r->who = xstrdup(who);
	return r;
}

bool gdrive_is_silent(struct gdrive_watch *w, const char *who,
		      const char *mark)
{
	struct gdrive_rival *r = find_rival(w, who);

	if (!r->mark || strcmp(r->mark, mark)) {
		free(r->mark);
		r->mark = xstrdup(mark);
		r->since = gdrive_ticks();
		return false;
	}
	return gdrive_ticks() - r->since >= gdrive_claim_max();
}

/* Not all at once, either. */
void gdrive_watch_pause(struct gdrive_watch *w)
{
	uint64_t ms = LOOK_FIRST, chance = 0;
	struct timespec left;
	unsigned i;

	if (++w->looks == LOOKS_QUIET)
		notice("waiting for somebody who is about to put the same, or "
		       "died at that");
	for (i = 1; i < w->looks && ms < LOOK_LAST; i++)
		ms *= 2;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = gdrive_ticks();
	ms = ms / 2 + chance % ms;
	left.tv_sec = (time_t)(ms / 1000);
	left.tv_nsec = (long)(ms % 1000) * 1000000;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

int gdrive_fail_busy(const struct gdrive_store *s, const char *key,
		     struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, "somebody else is about to put '%s' "
		    "into '%s'; try again when that is done", key,
		    s->base.url);
}
