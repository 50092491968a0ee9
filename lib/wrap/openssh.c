#include "lib/base/compat.h"
#include "lib/wrap/openssh-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/ssh-conf.h"

/* How long a server may take to see that a session has ended. */
#define ENDED_MSEC 2000

static char *make_name(const struct ssh_options *o)
{
	struct strbuf name = STRBUF_INIT;
	bool bare = strchr(o->host, ':') && o->port;

	if (o->user)
		strbuf_addf(&name, "%s@", o->user);
	strbuf_addf(&name, bare ? "[%s]" : "%s", o->host);
	if (o->port)
		strbuf_addf(&name, ":%u", o->port);
	return strbuf_detach(&name, NULL);
}

int ssh_open(struct ssh **out, const struct ssh_options *o, struct strbuf *err)
{
	struct ssh *s;
	int ret;

	ret = ssh_check_host(o->host, err);
	if (!ret && o->user)
		ret = ssh_check_user(o->user, err);
	if (!ret && o->port > 65535)
		ret = fail(err, ERR_USAGE, "there is no port %u", o->port);
	if (ret)
		return ret;
	s = xcalloc(1, sizeof(*s));
	s->host = xstrdup(o->host);
	s->user = o->user ? xstrdup(o->user) : NULL;
	s->config = o->config ? xstrdup(o->config) : NULL;
	s->port = o->port;
	s->connect_seconds = o->connect_seconds;
	s->name = make_name(o);
	strvec_init(&s->setup.options);
	strbuf_init(&s->why);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	*out = s;
	return 0;
}

void ssh_close(struct ssh *s)
{
	if (!s)
		return;
	if (s->link && s->link->users)
		BUG("ssh_close() with %u sessions", s->link->users);
	ssh_link_end(s->link);
	strvec_release(&s->setup.options);
	free(s->setup.socket);
	strbuf_release(&s->why);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s->host);
	free(s->user);
	free(s->config);
	free(s->name);
	free(s);
}

const char *ssh_name(const struct ssh *s)
{
	return s->name;
}

/*
 * The other side may take a moment to see that one of ours has ended; until
 * then it refuses another one.
 */
static bool ended_just_now(struct ssh *s)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	bool ret;

	pthread_mutex_lock(&s->lock);
	ret = s->ended && ssh_msec() - s->ended < ENDED_MSEC;
	pthread_mutex_unlock(&s->lock);
	if (ret)
		nanosleep(&pause, NULL);
	return ret;
}

/*
 * The connection may have been cut since somebody last used it; nobody knows
 * before it is tried. Then it is made anew, once. Where others fill the user's
 * own, ours is made besides.
 */
int ssh_session_begin(struct ssh_session **out, struct ssh *s,
		      const char *script, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	struct ssh_link *link = NULL;
	bool again, full;
	int tries = 0, ret;

	for (;;) {
		strbuf_reset(&why);
		ret = ssh_link_join(&link, s, &why);
		if (ret)
			break;
		ret = ssh_session_start(out, s, link, script, &why);
		if (!ret)
			break;
		again = ret == ERR_CONFLICT && ended_just_now(s);
		full = ret == ERR_CONFLICT && !again &&
		       ssh_link_give_up(s, link);
		ssh_link_leave(s, link, ret == ERR_TRANSIENT || full);
		if (!again && !full && (ret != ERR_TRANSIENT || tries++))
			break;
	}
	if (ret)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}
