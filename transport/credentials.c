#include "lib/base/compat.h"
#include "transport/credentials.h"

#include "lib/base/error.h"

/* Renewed so many seconds before they expire, or when half of their time is
 * over; when that fails, again after a while. */
#define RENEW_BEFORE 300
#define RENEW_AGAIN 30

void renewal_init(struct renewal *r)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->asked, NULL);
	strbuf_init(&r->why);
}

void renewal_release(struct renewal *r)
{
	strbuf_release(&r->why);
	pthread_cond_destroy(&r->asked);
	pthread_mutex_destroy(&r->lock);
}

static bool is_fresh(const struct renewal *r, int64_t now)
{
	return r->have && (!r->renew_at || now < r->renew_at);
}

static bool is_usable(const struct renewal *r, int64_t now)
{
	return r->have && (!r->expires || now < r->expires);
}

int renewal_wait(struct renewal *r, void (*ask)(void *data), void *data,
		 struct strbuf *err)
{
	unsigned nr = r->nr;

	while (!is_fresh(r, time(NULL)) && !r->final) {
		/* one asks; the others go on with what they have */
		if (r->busy && is_usable(r, time(NULL)))
			break;
		if (r->busy)
			pthread_cond_wait(&r->asked, &r->lock);
		else if (r->nr == nr)
			ask(data);
		if (r->nr != nr)
			break;
	}
	if (r->have && (!r->problem || is_usable(r, time(NULL))))
		return 0;
	return fail(err, r->problem, "%s", r->why.buf);
}

void renewal_wait_idle(struct renewal *r)
{
	while (r->busy)
		pthread_cond_wait(&r->asked, &r->lock);
}

void renewal_begin(struct renewal *r)
{
	r->busy = true;
	pthread_mutex_unlock(&r->lock);
}

void renewal_end(struct renewal *r)
{
	pthread_mutex_lock(&r->lock);
	r->busy = false;
}

static int64_t when_to_renew(int64_t expires, int64_t now)
{
	int64_t left = expires - now;

	if (!expires)
		return 0;
	/* who is in trouble hands out what has expired, or is about to, and
	 * says to go on with it */
	if (left <= 0)
		return now + RENEW_AGAIN;
	return expires - MINIMUM(RENEW_BEFORE, left / 2);
}

void renewal_done(struct renewal *r, int ret, int64_t expires,
		  const struct strbuf *why)
{
	int64_t now = time(NULL);

	r->nr++;
	r->problem = ret;
	strbuf_reset(&r->why);
	if (!ret) {
		r->have = true;
		r->expires = expires;
		r->renew_at = when_to_renew(expires, now);
	} else {
		strbuf_addbuf(&r->why, why);
		/* a service that is down may come back; what is set wrongly
		 * stays */
		r->final = ret != ERR_UNREACHABLE && ret != ERR_TRANSIENT &&
			   !r->have;
		r->renew_at = now + RENEW_AGAIN;
	}
	pthread_cond_broadcast(&r->asked);
}

void credentials_looked(struct strbuf *looked, const char *fmt, va_list ap)
{
	if (looked->len)
		strbuf_addstr(looked, "; ");
	strbuf_vaddf(looked, fmt, ap);
}

void credentials_check_mode(struct strbuf *warning, const char *what,
			    const char *path)
{
	struct stat st;

	if (stat(path, &st) || !(st.st_mode & S_IROTH))
		return;
	if (warning->len)
		strbuf_addch(warning, '\n');
	strbuf_addf(warning, "%s in '%s' can be read by everybody: run chmod "
		    "600 on it", what, path);
}

void credentials_tell(const struct strbuf *warning, bool *told)
{
	if (warning->len && !__atomic_exchange_n(told, true, __ATOMIC_RELAXED))
		notice("%s", warning->buf);
}
