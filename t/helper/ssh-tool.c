/*
 * Sessions of lib/wrap/openssh.h, for tests.
 *
 *	ssh-tool [OPTION]... HOST [SCRIPT]
 *
 * Begins a session that runs SCRIPT, gives it stdin (whose end it does not see)
 * and copies what it prints.
 * A failure is one line on stderr, "CODE: sentence", and its exit status; else
 * that of the script. What it prints on stderr comes as "there: LINE"s.
 *
 *	--user=NAME --port=N --config=FILE --timeout=SEC	of the host
 *	--threads=N	so many begin at once; each prints what SCRIPT does as
 *			one piece, and stdin is nobody's
 *	--hold=N	so many are open at once, begun one after the other,
 *			until stdin ends; "N open" as soon as they are, or as
 *			many as could be, behind why it was no more
 *	--rounds=N	one after the other, on one connection
 *	--kill		the session is ended at once, without its status
 *	--kill-one	with --hold: the first is killed before "N open", and
 *			another one begun
 *	--repeat=N	stdin is given N times
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/tempfile.h"
#include "lib/wrap/openssh.h"

#include <pthread.h>

static const char *const usage[] = {
	"ssh-tool [OPTION]... HOST [SCRIPT]", NULL
};

static struct ssh_options host;
static struct ssh *ssh;
static const char *script = "IFS= read -r a; echo \"$a\"";
static int threads, hold, rounds = 1, repeat = 1, kill_it, kill_one;
static struct strbuf input = STRBUF_INIT;
static pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;

static const char *code_name(int code)
{
	switch (code) {
	case ERR_TRANSIENT: return "transient";
	case ERR_UNREACHABLE: return "unreachable";
	case ERR_CREDENTIALS: return "credentials";
	case ERR_CONFLICT: return "conflict";
	case ERR_CONTENT: return "content";
	case ERR_USAGE: return "usage";
	default: return "failed";
	}
}

static int tell(int code, struct strbuf *err)
{
	struct strbuf line = STRBUF_INIT;

	if (!code)
		return 0;
	/* as it would come to a terminal */
	quote_terminal(&line, err->buf, err->len);
	fprintf(stderr, "%s: %s\n", code_name(code), line.buf);
	strbuf_release(&line);
	strbuf_reset(err);
	return exit_status_of(code);
}

static void tell_errors(struct ssh_session *s)
{
	struct strbuf words = STRBUF_INIT;
	char *line, *end;

	ssh_session_take_errors(s, &words);
	for (line = words.buf; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		fprintf(stderr, "there: %s\n", line);
	}
	strbuf_release(&words);
}

/* Sends stdin and reads what comes, until the end. */
static int talk(struct ssh_session *s, struct strbuf *out, struct strbuf *err)
{
	size_t got = 1;
	char buf[65536];
	int ret = 0;
	int i;

	for (i = 0; i < repeat && !ret; i++)
		ret = ssh_session_write(s, input.buf, input.len, err);
	while (!ret && got) {
		ret = ssh_session_read_some(s, buf, sizeof(buf), &got, err);
		if (!ret && out)
			strbuf_add(out, buf, got);
		else if (!ret)
			fwrite(buf, 1, got, stdout);
	}
	return ret;
}

static int one_session(void)
{
	struct strbuf err = STRBUF_INIT;
	struct ssh_session *s = NULL;
	int ret, status = 0;

	ret = ssh_session_begin(&s, ssh, script, &err);
	if (!ret && !kill_it)
		ret = talk(s, NULL, &err);
	if (s)
		tell_errors(s);
	status = ssh_session_end(s, kill_it);
	if (ret)
		status = tell(ret, &err);
	else if (kill_it)
		status = 0;
	strbuf_release(&err);
	return status;
}

static void *one_thread(void *data)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	struct ssh_session *s = NULL;
	int *status = data;
	int ret;

	ret = ssh_session_begin(&s, ssh, script, &err);
	if (!ret && !kill_it)
		ret = talk(s, &out, &err);
	*status = ssh_session_end(s, kill_it);
	if (kill_it)
		*status = 0;
	pthread_mutex_lock(&printing);
	fwrite(out.buf, 1, out.len, stdout);
	if (ret)
		*status = tell(ret, &err);
	pthread_mutex_unlock(&printing);
	strbuf_release(&out);
	strbuf_release(&err);
	return NULL;
}

static int many_threads(void)
{
	pthread_t *ids = xcalloc((size_t)threads, sizeof(*ids));
	int *status = xcalloc((size_t)threads, sizeof(*status)), ret = 0;
	int i;

	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, one_thread, &status[i]))
			die("cannot start a thread");
	for (i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		if (status[i])
			ret = status[i];
	}
	free(ids);
	free(status);
	return ret;
}

static int hold_sessions(void)
{
	struct ssh_session **s = xcalloc((size_t)hold, sizeof(*s));
	struct strbuf err = STRBUF_INIT;
	int ret = 0, status = 0;
	char c;
	int nr;

	for (nr = 0; nr < hold && !ret; nr++)
		ret = ssh_session_begin(&s[nr], ssh, script, &err);
	if (ret) {
		nr--;
		status = tell(ret, &err);
	} else if (kill_one) {
		ssh_session_end(s[0], true);
		s[0] = NULL;
		ret = ssh_session_begin(&s[0], ssh, script, &err);
		status = tell(ret, &err);
	}
	printf("%d open\n", nr);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	while (nr--)
		ssh_session_end(s[nr], false);
	strbuf_release(&err);
	free(s);
	return status;
}

int main(int argc, const char **argv)
{
	int port = 0, timeout = 0;
	struct option options[] = {
		OPT_STRING(0, "user", &host.user, "NAME", "who"),
		OPT_NUMBER(0, "port", &port, "N", "where"),
		OPT_STRING(0, "config", &host.config, "FILE", "how"),
		OPT_NUMBER(0, "timeout", &timeout, "SEC", "how long"),
		OPT_NUMBER(0, "threads", &threads, "N", "at once"),
		OPT_NUMBER(0, "hold", &hold, "N", "open at once"),
		OPT_NUMBER(0, "rounds", &rounds, "N", "in sequence"),
		OPT_NUMBER(0, "repeat", &repeat, "N", "of stdin"),
		OPT_BOOL(0, "kill", &kill_it, "end at once"),
		OPT_BOOL(0, "kill-one", &kill_one, "of those that are held"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	int status;

	tempfile_on_signals();
	argc = parse_options(argc, argv, options, usage, 0);
	if (argc < 1 || argc > 2)
		usage_with_options(usage, options, NULL);
	host.host = argv[0];
	host.port = (unsigned)port;
	host.connect_seconds = (unsigned)timeout;
	if (argc == 2)
		script = argv[1];
	status = tell(ssh_open(&ssh, &host, &err), &err);
	if (status)
		goto cleanup;
	if (!hold && !threads && strbuf_read_fd(&input, 0, 64u << 20))
		die("cannot read stdin");
	if (hold)
		status = hold_sessions();
	else if (threads)
		status = many_threads();
	else
		while (rounds-- && !(status = one_session()))
			;

cleanup:
	ssh_close(ssh);
	strbuf_release(&input);
	strbuf_release(&err);
	return status;
}
