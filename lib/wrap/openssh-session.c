/*
 * One shell there: how it begins, and what goes to and fro.
 *
 * The login shell sees one short line that all of them take alike (bash, zsh,
 * csh, fish, ...). It becomes a POSIX shell that reads and runs our first line,
 * and that line reads the script as far as its end mark: `read` takes byte by
 * byte from a pipe, so what follows stays for the script. What start-up files
 * print comes before a token, and is thrown away.
 */
#include "lib/base/compat.h"
#include "lib/wrap/openssh-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#define TOKEN_LEN 16
#define READ_ROOM 65536
/* What may come while we write, before it is asked for. */
#define AHEAD_MAX (1u << 20)
/* How long ssh may take to die after its pipes are closed, in milliseconds. */
#define END_MSEC 5000

static const char remote_command[] =
	"exec sh -c 'IFS= read -r a; eval \"$a\"'";

/*
 * On one line; builtins of every sh alone. The token comes in two halves, so
 * that a shell which shows what it reads shows no token. A script that was cut
 * is not run.
 */
static const char loader[] =
	"t=%.8s; t=${t}%s; echo; echo \"$t\"; { echo; echo \"$t\"; } >&2; "
	"n=$(echo; echo .); n=${n%%.}; s=; d=; "
	"while IFS= read -r a; do case $a in \"$t\") d=1; break;; esac; "
	"s=$s$a$n; done; test -n \"$d\" || exit 1; "
	"set -- \"$s\"; unset a d n s t; eval \"$1\"\n";

struct ssh_session {
	struct ssh *ssh;
	struct ssh_link *link;
	struct child_process child;
	int in, out, err;	/* -1: closed, or has ended */
	char token[TOKEN_LEN + 1];
	struct strbuf ahead;	/* of stdout: read, and not yet asked for */
	size_t at;		/* ... from here */
	struct strbuf words;	/* the end of stderr */
	bool is_past_token;	/* on stderr: words are the script's */
	int status;		/* of the child, once it is not `running` */
	bool running;
};

int64_t ssh_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- its three streams --------------------------------------------------- */

static void take_words(struct ssh_session *s)
{
	char buf[4096], *token;
	ssize_t n;

	while (s->err >= 0 && (n = read(s->err, buf, sizeof(buf)))) {
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				close_end(&s->err);
			return;
		}
		strbuf_add(&s->words, buf, (size_t)n);
		token = s->is_past_token ? NULL :
			memmem(s->words.buf, s->words.len, s->token, TOKEN_LEN);
		if (token) {
			/* and its newline, which came with it */
			size_t end = (size_t)(token - s->words.buf) + TOKEN_LEN;

			end = MINIMUM(end + 1, s->words.len);
			strbuf_splice(&s->words, 0, end, "", 0);
			s->is_past_token = true;
		}
		if (s->words.len > SSH_WORDS_MAX)
			strbuf_splice(&s->words, 0,
				      s->words.len - SSH_WORDS_MAX, "", 0);
	}
	close_end(&s->err);
}

/* One read(2) to the end of what is ahead; false: that was the end. */
static bool take_out(struct ssh_session *s)
{
	ssize_t n;

	if (s->at >= READ_ROOM || s->at == s->ahead.len) {
		strbuf_splice(&s->ahead, 0, s->at, "", 0);
		s->at = 0;
	}
	strbuf_grow(&s->ahead, READ_ROOM);
	n = read(s->out, s->ahead.buf + s->ahead.len, READ_ROOM);
	if (n > 0)
		strbuf_setlen(&s->ahead, s->ahead.len + (size_t)n);
	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&s->out);
	return s->out >= 0;
}

/*
 * Waits until one of them has something, and takes it. in: there is something
 * to be written; out: something is wanted. False: nothing came until `end`
 * (milliseconds; 0: no limit).
 */
static bool wait_for(struct ssh_session *s, bool in, bool out, int64_t end)
{
	struct pollfd p[3] = {
		{ .fd = in ? s->in : -1, .events = POLLOUT },
		{ .fd = out ? s->out : -1, .events = POLLIN },
		{ .fd = s->err, .events = POLLIN },
	};
	int64_t left = end ? end - ssh_msec() : -1;
	int n;

	if (end && left <= 0)
		return false;
	n = poll(p, ARRAY_SIZE(p), left > INT_MAX ? INT_MAX : (int)left);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	if (p[2].revents)
		take_words(s);
	if (p[1].revents)
		take_out(s);
	return true;
}

/* What can be sent at once: bytes, or -1: nobody reads it. */
static ssize_t send_some(struct ssh_session *s, const void *buf, size_t len)
{
	ssize_t n;

	if (s->in < 0)
		return -1;
	n = send(s->in, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

/* ---- the end ------------------------------------------------------------- */

/* Waits for ssh itself, and kills it when it takes too long. */
static void reap(struct ssh_session *s, bool at_once)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t end = ssh_msec() + END_MSEC;

	if (!s->running)
		return;
	/* its last end closes when it dies, so this sleeps until then */
	while (!at_once && s->err >= 0 && wait_for(s, false, false, end))
		;
	while (!at_once && !command_has_ended(&s->child) && ssh_msec() < end)
		nanosleep(&pause, NULL);
	if (at_once || !command_has_ended(&s->child))
		kill(s->child.pid, SIGKILL);
	s->status = finish_command(&s->child);
	s->running = false;
	take_words(s);
}

/* It has ended, and should not have: says why. */
static int ended(struct ssh_session *s, struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT;
	int ret;

	reap(s, false);
	if (s->status == 255) {
		strbuf_addbuf(&said, &s->words);
		ssh_link_words(s->ssh, s->link, &said);
		ret = ssh_failure(s->ssh->name, &said, 0, err);
		/* what stood once may stand again */
		if (ret == ERR_UNREACHABLE)
			ret = ERR_TRANSIENT;
	} else {
		ssh_last_line(&said, &s->words, "");
		ret = fail(err, ERR_TRANSIENT, "the shell at '%s' ended with "
			   "%d%s%s", s->ssh->name, s->status,
			   said.len ? ": " : "", said.buf);
	}
	strbuf_release(&said);
	return ret;
}

int ssh_session_end(struct ssh_session *s, bool kill_it)
{
	int status;

	if (!s)
		return 0;
	close_end(&s->in);
	/* what is still printed there is nobody's; without a reader it ends */
	close_end(&s->out);
	reap(s, kill_it);
	status = s->status;
	close_end(&s->err);
	if (s->link) {
		pthread_mutex_lock(&s->ssh->lock);
		s->ssh->ended = ssh_msec();
		pthread_mutex_unlock(&s->ssh->lock);
		ssh_link_leave(s->ssh, s->link, false);
	}
	strbuf_release(&s->ahead);
	strbuf_release(&s->words);
	free(s);
	return status;
}

/* ---- the beginning ------------------------------------------------------- */

static int make_token(char *token, struct strbuf *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[TOKEN_LEN];
	size_t i;

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return fail_errno(err, "there are no random bytes");
	for (i = 0; i < TOKEN_LEN; i++)
		token[i] = digits[raw[i] & 15];
	token[TOKEN_LEN] = '\0';
	return 0;
}

static int start_child(struct ssh_session *s, struct strbuf *err)
{
	struct child_process *c = &s->child;
	struct strbuf why = STRBUF_INIT;
	int ret, ends[2];

	ssh_setup_args(s->ssh, c);
	ssh_link_args(s->link, c);
	if (s->ssh->setup.needs_type)
		strvec_pushl(&c->args, "-o", "SessionType=default", NULL);
	ssh_setup_host(s->ssh, c, remote_command);
	/* Not a pipe: writing to one that has ended is a signal, and that ends
	 * the program. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		child_process_release(c);
		return fail_errno(err, "cannot run 'ssh'");
	}
	c->in = ends[1];
	c->out = -1;
	c->err = -1;
	/* No key of our terminal ends it before us. */
	c->new_session = 1;
	ret = start_command(c, &why);
	if (ret) {
		close(ends[0]);
		fail(err, ret = ERR_UNREACHABLE, "cannot reach '%s': %s",
		     s->ssh->name, why.buf);
	} else {
		s->in = ends[0];
		s->out = c->out;
		s->err = c->err;
		fcntl(s->err, F_SETFL, O_NONBLOCK);
		s->running = true;
	}
	strbuf_release(&why);
	return ret;
}

/* Everything up to the token on stdout is noise. */
static bool find_token(struct ssh_session *s)
{
	char *at = memmem(s->ahead.buf, s->ahead.len, s->token, TOKEN_LEN);
	size_t end;

	if (!at)
		return false;
	end = (size_t)(at - s->ahead.buf) + TOKEN_LEN;
	if (end == s->ahead.len)
		return false;	/* its newline is still to come */
	s->at = end + 1;
	return true;
}

/* Sends `text`, and waits for the token. */
static int shake_hands(struct ssh_session *s, const struct strbuf *text,
		       struct strbuf *err)
{
	unsigned patience = s->ssh->setup.patience;
	int64_t end = ssh_msec() + (int64_t)patience * 1000;
	size_t sent = 0;
	ssize_t n;

	for (;;) {
		n = send_some(s, text->buf + sent, text->len - sent);
		sent += n > 0 ? (size_t)n : 0;
		if (sent == text->len && find_token(s))
			return 0;
		if (s->ahead.len > SSH_NOISE_MAX)
			break;
		if (s->out < 0) {
			reap(s, false);
			if (s->status == 255)
				return ssh_failure(s->ssh->name, &s->words, 0,
						   err);
			break;
		}
		if (!wait_for(s, n >= 0 && sent < text->len, true, end)) {
			reap(s, true);
			return ssh_failure(s->ssh->name, &s->words, patience,
					   err);
		}
	}
	return ssh_no_shell(s->ssh->name, &s->ahead, &s->words, err);
}

int ssh_session_start(struct ssh_session **out, struct ssh *ssh,
		      struct ssh_link *link, const char *script,
		      struct strbuf *err)
{
	struct ssh_session *s = xcalloc(1, sizeof(*s));
	struct strbuf text = STRBUF_INIT;
	int ret;

	s->ssh = ssh;
	s->link = link;
	s->in = s->out = s->err = -1;
	strbuf_init(&s->ahead);
	strbuf_init(&s->words);
	child_process_init(&s->child);
	ret = make_token(s->token, err);
	if (!ret) {
		strbuf_addf(&text, loader, s->token, s->token + 8);
		strbuf_addstr(&text, script);
		strbuf_addf(&text, "\n%s\n", s->token);
		ret = start_child(s, err);
	}
	if (!ret)
		ret = shake_hands(s, &text, err);
	if (ret) {
		/* who called leaves the connection, and says how it is */
		s->link = NULL;
		ssh_session_end(s, true);
	} else {
		*out = s;
		pthread_mutex_lock(&ssh->lock);
		link->served = true;
		pthread_mutex_unlock(&ssh->lock);
	}
	strbuf_release(&text);
	return ret;
}

/* ---- reading and writing ------------------------------------------------- */

int ssh_session_write(struct ssh_session *s, const void *buf, size_t len,
		      struct strbuf *err)
{
	const char *p = buf;

	while (len) {
		ssize_t n = send_some(s, p, len);

		if (n < 0 || s->out < 0)
			return ended(s, err);
		p += n;
		len -= (size_t)n;
		/* What it answers meanwhile is taken: it may wait for that. */
		if (len && !n)
			wait_for(s, true, s->ahead.len - s->at < AHEAD_MAX, 0);
	}
	return 0;
}

int ssh_session_read_some(struct ssh_session *s, void *buf, size_t len,
			  size_t *got, struct strbuf *err)
{
	while (s->at == s->ahead.len && s->out >= 0)
		wait_for(s, false, true, 0);
	*got = MINIMUM(len, s->ahead.len - s->at);
	memcpy(buf, s->ahead.buf + s->at, *got);
	s->at += *got;
	if (*got)
		return 0;
	reap(s, false);
	return s->status == 255 ? ended(s, err) : 0;
}

int ssh_session_read(struct ssh_session *s, void *buf, size_t len,
		     struct strbuf *err)
{
	char *p = buf;
	size_t got = 0;
	int ret = 0;

	for (; len && !ret; p += got, len -= got) {
		ret = ssh_session_read_some(s, p, len, &got, err);
		if (!ret && !got)
			return ended(s, err);
	}
	return ret;
}

int ssh_session_read_line(struct ssh_session *s, struct strbuf *line,
			  size_t max, struct strbuf *err)
{
	size_t looked = s->at;
	char *end = NULL;

	strbuf_reset(line);
	for (;;) {
		end = memchr(s->ahead.buf + looked, '\n',
			     s->ahead.len - looked);
		if (end || s->ahead.len - s->at > max)
			break;
		looked = s->ahead.len - s->at;
		if (s->out < 0)
			return ended(s, err);
		wait_for(s, false, true, 0);
		/* what is ahead begins anew when all of it was taken */
		looked += s->at;
	}
	if (!end || (size_t)(end - s->ahead.buf) - s->at > max)
		return fail(err, ERR_CONTENT, "'%s' answers with a line of "
			    "more than %zu bytes", s->ssh->name, max);
	strbuf_add(line, s->ahead.buf + s->at,
		   (size_t)(end - s->ahead.buf) - s->at);
	s->at = (size_t)(end - s->ahead.buf) + 1;
	return 0;
}

bool ssh_session_has_input(struct ssh_session *s)
{
	struct pollfd p = { .fd = s->out, .events = POLLIN };

	return s->at < s->ahead.len || s->out < 0 || poll(&p, 1, 0) > 0;
}

void ssh_session_take_errors(struct ssh_session *s, struct strbuf *out)
{
	take_words(s);
	if (!s->is_past_token)
		return;
	strbuf_addbuf(out, &s->words);
	strbuf_reset(&s->words);
}
