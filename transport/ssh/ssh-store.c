/*
 * A store that is a directory of another host, reached by ssh.
 * Source: Documentation/technical/store-contract.adoc, "The ssh backend".
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/ssh-conf.h"
#include "transport/ssh/ssh-internal.h"

#include <sys/random.h>

struct ssh_store *ssh_store_of(struct transport *t)
{
	return (struct ssh_store *)t;
}

int ssh_check_key(const struct ssh_store *s, const char *key,
		  struct strbuf *err)
{
	const char *at = key;

	for (; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (!strncmp(at, SSH_PRIVATE, strlen(SSH_PRIVATE)))
			return fail(err, ERR_USAGE, "'%s' is no key for '%s', "
				    "which keeps names with '%s' for itself",
				    key, s->base.url, SSH_PRIVATE);
	}
	return 0;
}

/* ---- sessions ----------------------------------------------------------- */

static void seat_free(struct ssh_seat *seat)
{
	if (!seat)
		return;
	ssh_session_end(seat->session, true);
	free(seat);
}

int ssh_random_hex(char hex[17], struct strbuf *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail_errno(err, "cannot get random bytes");
	snprintf(hex, 17, "%016" PRIx64, number);
	return 0;
}

/* "STAT SUM TAKE OPEN", each of letters and digits: also given back there. */
static int take_facts(struct ssh_facts *f, const char *rest)
{
	static const struct {
		const char *program, *sum;
	} sums[] = {
		{ "sha256sum", "sha256" }, { "shasum", "sha256" },
		{ "openssl", "sha256" }, { "sha256", "sha256" },
		{ "md5sum", "md5" }, { "cksum", "cksum" },
	};
	const char *sum = strchr(rest, ' '), *take;
	size_t i, len;

	take = sum ? strchr(++sum, ' ') : NULL;
	if (!take || strlen(rest) >= sizeof(f->tools) ||
	    rest[strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789 ")])
		return -1;
	len = (size_t)(take - sum);
	snprintf(f->tools, sizeof(f->tools), "%s", rest);
	for (i = 0; i < ARRAY_SIZE(sums); i++)
		if (strlen(sums[i].program) == len &&
		    !strncmp(sum, sums[i].program, len))
			snprintf(f->sum, sizeof(f->sum), "%s", sums[i].sum);
	f->known = true;
	return 0;
}

/*
 * The first request of a session: where the store is, and what the host has,
 * which only the first session must find out.
 */
static int start_seat(struct ssh_store *s, struct ssh_seat *seat,
		      struct strbuf *err)
{
	struct ssh_call c = {
		.store = s, .seat = seat, .what = "open", .key = s->path,
		.line = STRBUF_INIT, .ahead = STRBUF_INIT
	};
	struct ssh_facts facts = { .known = false };
	const char *rest;
	int ret;

	pthread_mutex_lock(&s->lock);
	facts = s->facts;
	pthread_mutex_unlock(&s->lock);
	strbuf_addstr(&c.line, "start");
	ssh_call_word(&c, s->path);
	if (facts.known)
		strbuf_addf(&c.line, " %s", facts.tools);
	ret = ssh_call_ask(&c, &rest, err);
	if (!ret && take_facts(&facts, rest))
		ret = fail(err, ERR_CONTENT, "the shell on '%s' says nothing "
			   "that can be understood", ssh_name(s->ssh));
	if (!ret) {
		pthread_mutex_lock(&s->lock);
		s->facts = facts;
		s->seen = true;
		pthread_mutex_unlock(&s->lock);
		/* Others are not known to callers. */
		if (strcmp(facts.sum, "sha256") && strcmp(facts.sum, "md5"))
			__atomic_and_fetch(&s->base.caps,
					   ~(unsigned)TRANSPORT_CAN_SUM,
					   __ATOMIC_RELAXED);
	}
	strbuf_release(&c.line);
	strbuf_release(&c.ahead);
	return ret;
}

static int make_seat(struct ssh_store *s, struct ssh_seat **out,
		     struct strbuf *err)
{
	struct strbuf script = STRBUF_INIT;
	struct ssh_seat *seat = xcalloc(1, sizeof(*seat));
	int ret = ssh_random_hex(seat->token, err);

	strbuf_addf(&script, "token=%s\n%sserve\n", seat->token, ssh_script);
	if (!ret)
		ret = ssh_session_begin(&seat->session, s->ssh, script.buf,
					err);
	strbuf_release(&script);
	if (!ret)
		ret = start_seat(s, seat, err);
	if (ret)
		seat_free(seat);
	else
		*out = seat;
	return ret;
}

/* One that is there, room for one more (*out NULL), or a wait. */
static void find_seat(struct ssh_store *s, struct ssh_seat **out)
{
	pthread_mutex_lock(&s->lock);
	while (!s->idle && s->nr >= s->max)
		pthread_cond_wait(&s->left, &s->lock);
	*out = s->idle;
	if (s->idle)
		s->idle = s->idle->next;
	else
		s->nr++;
	pthread_mutex_unlock(&s->lock);
}

/* false: the server takes so few that none is left for us to wait for. */
static bool lose_seat(struct ssh_store *s, bool refused)
{
	bool others;

	pthread_mutex_lock(&s->lock);
	s->nr--;
	others = s->nr > 0;
	if (refused && others)
		s->max = MINIMUM(s->max, s->nr);
	pthread_cond_signal(&s->left);
	pthread_mutex_unlock(&s->lock);
	return others;
}

int ssh_seat_take(struct ssh_store *s, struct ssh_seat **out,
		  struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	bool again = true;
	int ret = 0;

	while (again) {
		again = false;
		ret = 0;
		find_seat(s, out);
		/* An idle one has nothing to say but that it has ended. */
		if (*out && ssh_session_has_input((*out)->session)) {
			seat_free(*out);
			lose_seat(s, false);
			again = true;
		} else if (!*out) {
			strbuf_reset(&why);
			ret = make_seat(s, out, &why);
			if (ret)
				again = lose_seat(s, ret == ERR_CONFLICT) &&
					ret == ERR_CONFLICT;
		}
	}
	/* All that the server takes are somebody else's, for now. */
	if (ret)
		ret = fail(err, ret == ERR_CONFLICT ? ERR_TRANSIENT : ret,
			   "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

void ssh_seat_leave(struct ssh_store *s, struct ssh_seat *seat, bool broken)
{
	if (broken) {
		seat_free(seat);
		lose_seat(s, false);
		return;
	}
	pthread_mutex_lock(&s->lock);
	seat->next = s->idle;
	s->idle = seat;
	pthread_cond_signal(&s->left);
	pthread_mutex_unlock(&s->lock);
}

/* ---- the store ---------------------------------------------------------- */

static void ssh_release(struct transport *t)
{
	struct ssh_store *s = ssh_store_of(t);
	struct ssh_seat *seat, *next;

	for (seat = s->idle; seat; seat = next) {
		next = seat->next;
		seat_free(seat);
	}
	ssh_close(s->ssh);
	pthread_cond_destroy(&s->left);
	pthread_mutex_destroy(&s->lock);
	ssh_group_release(&s->group);
	free(s->base.url);
	free(s->path);
	free(s);
}

static void add_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("-._~/", c))
			strbuf_addch(out, c);
		else
			strbuf_addf(out, "%%%02X", c);
	}
}

/* As resutilformat-conf(5) has it; for messages. */
static char *url_of(const struct ssh_place *p)
{
	struct strbuf out = STRBUF_INIT;
	const char *path = p->path;

	strbuf_addstr(&out, "ssh://");
	if (p->user)
		strbuf_addf(&out, "%s@", p->user);
	strbuf_addf(&out, strchr(p->host, ':') ? "[%s]" : "%s", p->host);
	if (p->port)
		strbuf_addf(&out, ":%u", p->port);
	if (*path != '/')
		strbuf_addstr(&out, "/~/");
	if (!strncmp(path, "/~", 2)) {
		strbuf_addstr(&out, "/%7E");
		path += 2;
	}
	add_escaped(&out, strcmp(path, ".") ? path : "");
	return strbuf_detach(&out, NULL);
}

static int ssh_store_open(struct transport **out,
			  const struct transport_config *c,
			  struct strbuf *err)
{
	struct ssh_place place;
	struct ssh_options options = { .host = NULL };
	struct ssh *ssh;
	struct ssh_store *s;
	int ret;

	ret = ssh_place_read(&place, c->config, c->base_dir, err);
	if (ret)
		return ret;
	options.host = place.host;
	options.user = place.user;
	options.port = place.port;
	options.config = place.config;
	ret = ssh_open(&ssh, &options, err);
	if (ret)
		goto cleanup;
	s = xcalloc(1, sizeof(*s));
	s->base.ops = &transport_ssh;
	s->base.caps = transport_ssh.caps;
	s->base.url = url_of(&place);
	s->path = xstrdup(place.path);
	s->ssh = ssh;
	s->max = SSH_SESSIONS_DEFAULT;
	pthread_mutex_init(&s->lock, NULL);
	ssh_group_init(&s->group);
	pthread_cond_init(&s->left, NULL);
	*out = &s->base;

cleanup:
	ssh_place_release(&place);
	return ret;
}

const struct transport_ops transport_ssh = {
	.type = "ssh",
	.caps = TRANSPORT_CAN_RENAME | TRANSPORT_CAN_COPY |
		TRANSPORT_CAN_CREATE | TRANSPORT_CAN_COMPARE |
		TRANSPORT_CAN_RESUME | TRANSPORT_CAN_PRUNE |
		TRANSPORT_CAN_SUM | TRANSPORT_IS_FAR,
	.open = ssh_store_open,
	.list = ssh_list,
	.stat = ssh_stat,
	.get = ssh_get,
	.sum = ssh_sum,
	.put = ssh_put,
	.withdraw = ssh_withdraw,
	.remove = ssh_remove,
	.remove_many = ssh_remove_many,
	.rename = ssh_rename,
	.copy = ssh_copy,
	.rests = ssh_rests,
	.prune = ssh_prune,
	.release = ssh_release,
};
