/*
 * What ssh says when it fails, turned into a code and a sentence with the way
 * out. ssh ends with 255 whatever it was, so its words are all there is; they
 * are those of OpenSSH in the C locale.
 */
#include "lib/base/compat.h"
#include "lib/wrap/openssh-internal.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"

#define REASON_MAX 200

struct failure {
	const char *words;	/* in a line of what ssh said */
	int code;
	const char *what;	/* NULL: the line itself, after ssh's prefix */
	const char *way;	/* out; %s is the host, as ssh is given it */
};

/* These are found wherever they stand: what they mean is taken back by no
 * later line, and later lines are less clear. */
static const struct failure anywhere[] = {
	{ "HOST IDENTIFICATION HAS CHANGED", ERR_UNREACHABLE,
	  "its host key is another one than known_hosts has",
	  "either it was installed anew, or somebody is in between: compare "
	  "the key with who runs it, then see ssh-keygen(1), -R" },
	{ "REVOKED HOST KEY", ERR_UNREACHABLE, "its host key was revoked",
	  "ask who runs it" },
	{ "Session open refused by peer", ERR_CONFLICT,
	  "it takes no more sessions at once", NULL },
	{ "ession request failed", ERR_CONFLICT,
	  "it takes no more sessions at once", NULL },
	{ "administratively prohibited", ERR_CONFLICT,
	  "it takes no more sessions at once", NULL },
	{ "UNPROTECTED PRIVATE KEY FILE", ERR_CREDENTIALS,
	  "ssh does not use a private key that others can read",
	  "see 'chmod 600'" },
};

/* Of these, the last line that has one counts. */
static const struct failure by_line[] = {
	{ "Host key verification failed", ERR_UNREACHABLE,
	  "its host key is not known here",
	  "run 'ssh %s' once by hand, and compare the key" },
	{ "Too many authentication failures", ERR_CREDENTIALS,
	  "it was offered too many keys",
	  "name one (IdentityFile, IdentitiesOnly) in ssh_config" },
	{ "Permission denied", ERR_CREDENTIALS,
	  "none of our keys is let in",
	  "'ssh %s' has to work without a question; see ssh-copy-id(1) and "
	  "ssh-add(1)" },
	{ "Temporary failure in name resolution", ERR_TRANSIENT,
	  "its name cannot be looked up at the moment", NULL },
	{ "Could not resolve hostname", ERR_UNREACHABLE,
	  "there is no host of that name",
	  "check the name, or ssh_config" },
	{ "Connection refused", ERR_TRANSIENT, "the connection was refused",
	  "does ssh listen there, at that port?" },
	{ "No route to host", ERR_TRANSIENT, "there is no route to it", NULL },
	{ "Network is unreachable", ERR_TRANSIENT,
	  "the network is unreachable", NULL },
	{ "Timeout, server", ERR_TRANSIENT, "it does not answer any more",
	  NULL },
	{ "timed out", ERR_TRANSIENT, "it does not answer", NULL },
	{ "Unable to negotiate", ERR_UNREACHABLE, NULL,
	  "see ssh_config(5), KexAlgorithms and HostKeyAlgorithms" },
	{ "Bad configuration option", ERR_UNREACHABLE, NULL,
	  "mend the configuration of ssh" },
	{ "bad configuration options", ERR_UNREACHABLE, NULL,
	  "mend the configuration of ssh" },
	{ "Can't open user config file", ERR_UNREACHABLE, NULL, NULL },
	{ "Bad owner or permissions on", ERR_UNREACHABLE, NULL,
	  "see ssh(1), FILES" },
	{ "keyword ", ERR_UNREACHABLE, NULL, "mend the configuration of ssh" },
	{ "missing argument", ERR_UNREACHABLE, NULL,
	  "mend the configuration of ssh" },
	{ "unsupported option", ERR_UNREACHABLE, NULL,
	  "mend the configuration of ssh" },
	{ "Connection reset", ERR_TRANSIENT, "the connection was cut", NULL },
	{ "Connection closed", ERR_TRANSIENT, "the connection was cut", NULL },
	{ "closed by remote host", ERR_TRANSIENT, "the connection was cut",
	  NULL },
	{ "Shared connection to", ERR_TRANSIENT, "the connection was cut",
	  NULL },
	{ "Broken pipe", ERR_TRANSIENT, "the connection was cut", NULL },
};

/* The next line from the end; NULL before the first. Empty lines, and what ssh
 * says of the ProxyCommand that keeps it from connecting by itself, do not
 * count. */
static const char *line_before(const struct strbuf *words, size_t *end,
			       size_t *len)
{
	while (*end) {
		size_t stop = *end, start = stop;

		while (start && words->buf[start - 1] != '\n')
			start--;
		*end = start ? start - 1 : 0;
		while (stop > start && strchr("\r\n ", words->buf[stop - 1]))
			stop--;
		*len = stop - start;
		if (*len && !memmem(words->buf + start, *len,
				    "UNKNOWN port 65535", 18))
			return words->buf + start;
	}
	return NULL;
}

void ssh_last_line(struct strbuf *out, const struct strbuf *words,
		   const char *otherwise)
{
	size_t end = words->len, len = 0;
	const char *line = line_before(words, &end, &len);

	if (line)
		quote_terminal(out, line, MINIMUM(len, (size_t)REASON_MAX));
	else
		strbuf_addstr(out, otherwise);
}

static const struct failure *find(const struct strbuf *words,
				  struct strbuf *reason)
{
	size_t end = words->len, len = 0, i;
	const char *line;

	for (i = 0; i < ARRAY_SIZE(anywhere); i++)
		if (memmem(words->buf, words->len, anywhere[i].words,
			   strlen(anywhere[i].words)))
			return &anywhere[i];
	while ((line = line_before(words, &end, &len)))
		for (i = 0; i < ARRAY_SIZE(by_line); i++)
			if (memmem(line, len, by_line[i].words,
				   strlen(by_line[i].words))) {
				quote_terminal(reason, line,
					       MINIMUM(len,
						       (size_t)REASON_MAX));
				return &by_line[i];
			}
	return NULL;
}

int ssh_failure(const char *name, const struct strbuf *words, unsigned late,
		struct strbuf *err)
{
	struct strbuf reason = STRBUF_INIT, way = STRBUF_INIT;
	const struct failure *f = find(words, &reason);
	int ret;

	if (!f) {
		if (late)
			strbuf_addf(&reason, _("it did not answer within %u "
					       "seconds"), late);
		else
			ssh_last_line(&reason, words, "the connection was cut");
	} else if (f->what) {
		strbuf_reset(&reason);
		strbuf_addstr(&reason, f->what);
	}
	if (f && f->way) {
		const char *at = strstr(f->way, "%s");

		strbuf_addstr(&way, "; ");
		if (at) {
			strbuf_add(&way, f->way, (size_t)(at - f->way));
			strbuf_addstr(&way, name);
		}
		strbuf_addstr(&way, at ? at + 2 : f->way);
	}
	ret = fail(err, f ? f->code : ERR_TRANSIENT,
		   "cannot reach '%s' by ssh: %s%s", name, reason.buf, way.buf);
	strbuf_release(&reason);
	strbuf_release(&way);
	return ret;
}

int ssh_no_shell(const char *name, const struct strbuf *noise,
		 const struct strbuf *words, struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT;

	if (noise->len > SSH_NOISE_MAX)
		quote_terminal(&said, noise->buf, REASON_MAX);
	else if (noise->len)
		ssh_last_line(&said, noise, "");
	if (!said.len)
		ssh_last_line(&said, words, "nothing");
	if (noise->len > SSH_NOISE_MAX)
		fail(err, ERR_UNREACHABLE, "no shell of '%s' can be used: its "
		     "start-up files print more than %u KiB, beginning with "
		     "'%s'; let them be silent without a terminal", name,
		     SSH_NOISE_MAX >> 10, said.buf);
	else
		fail(err, ERR_UNREACHABLE, "no POSIX shell answers at '%s' "
		     "(what came was: %s); 'ssh %s exec sh -c true' has to "
		     "work", name, said.buf, name);
	strbuf_release(&said);
	return ERR_UNREACHABLE;
}
