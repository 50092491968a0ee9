/*
 * How ssh is configured for a host, asked of ssh itself (`ssh -G`), and what it
 * is told besides. What the user has decided stays, but for what would give a
 * script something to answer, or somebody in between a chance.
 */
#include "lib/base/compat.h"
#include "lib/wrap/openssh-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/term.h"

#define CONNECT_SECONDS 20
#define SETUP_BYTES_MAX (1u << 20)
#define SETUP_MSEC 20000

/* What `ssh -G` printed. */
struct answers {
	struct strbuf text;
};

/* The value of a keyword (in lower case, as ssh prints them), lent as far as
 * the end of its line; NULL: it is not there. */
static const char *answer(const struct answers *a, const char *key, size_t *len)
{
	size_t key_len = strlen(key);
	const char *line = a->text.buf, *end;

	for (; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if ((size_t)(end - line) > key_len && line[key_len] == ' ' &&
		    !memcmp(line, key, key_len)) {
			*len = (size_t)(end - line) - key_len - 1;
			return line + key_len + 1;
		}
	}
	return NULL;
}

static bool answer_is(const struct answers *a, const char *key,
		      const char *value)
{
	size_t len = 0;
	const char *got = answer(a, key, &len);

	return got && len == strlen(value) && !memcmp(got, value, len);
}

/* What must be so for a session of ours. Said only where it is not: an older
 * ssh does not know all of these. */
static const struct {
	const char *key, *wanted, *option;
} settings[] = {
	{ "forkafterauthentication", "no", "ForkAfterAuthentication=no" },
	{ "stdinnull", "no", "StdinNull=no" },
	{ "permitlocalcommand", "no", "PermitLocalCommand=no" },
	{ "remotecommand", "none", "RemoteCommand=none" },
	{ "tunnel", "false", "Tunnel=no" },
	{ "loglevel", "INFO", "LogLevel=INFO" },
};

static void set_options(struct ssh *s, const struct answers *a)
{
	struct strvec *o = &s->setup.options;
	unsigned connect = s->connect_seconds ? s->connect_seconds :
						CONNECT_SECONDS;
	size_t i, len;
	const char *value;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		value = answer(a, settings[i].key, &len);
		if (value && !answer_is(a, settings[i].key, settings[i].wanted))
			strvec_pushl(o, "-o", settings[i].option, NULL);
	}
	s->setup.needs_type = answer(a, "sessiontype", &len) &&
			      !answer_is(a, "sessiontype", "default");
	/* It would go on with a key that changed, only without passwords. */
	if (answer_is(a, "stricthostkeychecking", "false") ||
	    answer_is(a, "stricthostkeychecking", "no") ||
	    answer_is(a, "stricthostkeychecking", "off"))
		strvec_pushl(o, "-o", "StrictHostKeyChecking=accept-new", NULL);
	if (answer_is(a, "serveraliveinterval", "0"))
		strvec_pushl(o, "-o", "ServerAliveInterval=15", "-o",
			     "ServerAliveCountMax=3", NULL);
	value = answer(a, "connecttimeout", &len);
	if (value && !answer_is(a, "connecttimeout", "none")) {
		connect = (unsigned)MINIMUM(strtoul(value, NULL, 10), 3600ul);
	} else {
		strvec_push(o, "-o");
		strvec_pushf(o, "ConnectTimeout=%u", connect);
	}
	/* That is for the first packets alone; keys are exchanged after. */
	s->setup.patience = 3 * MAXIMUM(connect, 1u);
}

/* ssh, and what chooses the host's configuration. */
static void begin_args(const struct ssh *s, struct child_process *child)
{
	strvec_push(&child->args, "ssh");
	if (s->config)
		strvec_pushl(&child->args, "-F", s->config, NULL);
	if (s->user)
		strvec_pushl(&child->args, "-l", s->user, NULL);
	if (s->port) {
		strvec_push(&child->args, "-p");
		strvec_pushf(&child->args, "%u", s->port);
	}
	/* its words are known in English */
	strvec_pushl(&child->env, "LC_ALL=C", NULL);
}

void ssh_setup_args(const struct ssh *s, struct child_process *child)
{
	begin_args(s, child);
	strvec_pushl(&child->args, "-T", "-a", "-x", "-o",
		     "ClearAllForwardings=yes", NULL);
	strvec_pushv(&child->args, s->setup.options.v);
}

void ssh_setup_host(const struct ssh *s, struct child_process *child,
		    const char *command)
{
	strvec_pushl(&child->args, "--", s->host, NULL);
	if (command)
		strvec_push(&child->args, command);
}

bool ssh_setup_is_shared(const struct ssh *s)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf out = STRBUF_INIT, words = STRBUF_INIT;
	int status;

	if (!s->setup.socket)
		return false;
	begin_args(s, &child);
	strvec_pushl(&child.args, "-o", "BatchMode=yes", "-O", "check", NULL);
	ssh_setup_host(s, &child, NULL);
	child.limit = SETUP_MSEC;
	child.new_session = 1;
	status = pipe_command(&child, NULL, 0, &out, &words, SETUP_BYTES_MAX,
			      NULL);
	strbuf_release(&out);
	strbuf_release(&words);
	return !status;
}

/*
 * A connection of the user's is used where it stands, or where it is to stay
 * behind for others (ControlPersist). Else we make our own: theirs would end
 * with us, and with it what others do over it by then.
 */
static void set_shared(struct ssh *s, const struct answers *a)
{
	size_t len;
	const char *path = answer(a, "controlpath", &len);

	if (!path || answer_is(a, "controlpath", "none"))
		return;
	s->setup.socket = xmemdupz(path, len);
	s->setup.keeps = (answer_is(a, "controlmaster", "auto") ||
			  answer_is(a, "controlmaster", "true")) &&
			 answer(a, "controlpersist", &len) &&
			 !answer_is(a, "controlpersist", "no");
}

static int ask(struct ssh *s, struct answers *a, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf words = STRBUF_INIT, why = STRBUF_INIT;
	int status;

	begin_args(s, &child);
	strvec_push(&child.args, "-G");
	ssh_setup_host(s, &child, NULL);
	child.limit = SETUP_MSEC;
	child.new_session = 1;
	status = pipe_command(&child, NULL, 0, &a->text, &words,
			      SETUP_BYTES_MAX, &why);
	if (status == ERR_NOT_FOUND)
		status = fail(err, ERR_UNREACHABLE, "cannot reach '%s': there "
			      "is no program 'ssh' here; install OpenSSH",
			      s->name);
	else if (status < 0)
		status = fail(err, ERR_UNREACHABLE, "cannot reach '%s': %s",
			      s->name, why.buf);
	else if (status) {
		status = ssh_failure(s->name, &words, 0, err);
		/* nothing was connected, so nothing can come by waiting */
		if (status == ERR_TRANSIENT)
			status = ERR_UNREACHABLE;
	}
	strbuf_release(&words);
	strbuf_release(&why);
	return status;
}

int ssh_setup_read(struct ssh *s, struct strbuf *err)
{
	struct answers a = { .text = STRBUF_INIT };
	int ret;

	if (s->setup.known)
		return 0;
	ret = ask(s, &a, err);
	if (!ret) {
		set_options(s, &a);
		set_shared(s, &a);
		s->setup.known = true;
	}
	strbuf_release(&a.text);
	return ret;
}
