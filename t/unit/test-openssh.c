/*
 * What ssh says when it fails, and what becomes of it. The words are those of
 * OpenSSH 7.6 to 10; those that a test can bring about are also in t5911.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/openssh-internal.h"
#include "t/unit/unit.h"

static const struct {
	const char *words;
	int code;
	const char *part;	/* of the sentence */
} said[] = {
	{ "@@@@@@@@\n@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\n"
	  "Offending ED25519 key in /h/known_hosts:1\n"
	  "Host key for lab has changed and you have requested strict "
	  "checking.\nHost key verification failed.\n",
	  ERR_UNREACHABLE, "another one than known_hosts has" },
	{ "@  WARNING: REVOKED HOST KEY DETECTED!  @\n"
	  "Host key verification failed.\n",
	  ERR_UNREACHABLE, "was revoked" },
	{ "No ED25519 host key is known for lab and you have requested strict "
	  "checking.\r\nHost key verification failed.\r\n",
	  ERR_UNREACHABLE, "not known here; run 'ssh lab' once" },
	{ "me@lab: Permission denied (publickey,password).\r\n",
	  ERR_CREDENTIALS, "none of our keys is let in; 'ssh lab' has" },
	{ "Received disconnect from 10.0.0.1 port 22:2: Too many "
	  "authentication failures\nDisconnected from 10.0.0.1 port 22\n",
	  ERR_CREDENTIALS, "too many keys" },
	{ "@  WARNING: UNPROTECTED PRIVATE KEY FILE!  @\n"
	  "me@lab: Permission denied (publickey).\n",
	  ERR_CREDENTIALS, "others can read" },
	{ "ssh: Could not resolve hostname lab: Name or service not known\r\n",
	  ERR_UNREACHABLE, "no host of that name" },
	{ "ssh: Could not resolve hostname lab: Temporary failure in name "
	  "resolution\r\n", ERR_TRANSIENT, "at the moment" },
	{ "ssh: connect to host lab port 22: Connection refused\r\n",
	  ERR_TRANSIENT, "was refused" },
	{ "ssh: connect to host lab port 22: Connection timed out\r\n",
	  ERR_TRANSIENT, "does not answer" },
	{ "Connection timed out during banner exchange\r\n"
	  "Connection to 10.0.0.1 port 22 timed out\r\n",
	  ERR_TRANSIENT, "does not answer" },
	{ "ssh: connect to host lab port 22: No route to host\r\n",
	  ERR_TRANSIENT, "no route" },
	{ "ssh: connect to host lab port 22: Network is unreachable\r\n",
	  ERR_TRANSIENT, "network is unreachable" },
	{ "Timeout, server lab not responding.\r\n",
	  ERR_TRANSIENT, "does not answer any more" },
	{ "kex_exchange_identification: Connection closed by remote host\r\n"
	  "Connection closed by 10.0.0.1 port 22\r\n",
	  ERR_TRANSIENT, "was cut" },
	{ "kex_exchange_identification: read: Connection reset by peer\r\n"
	  "Connection reset by 10.0.0.1 port 22\r\n",
	  ERR_TRANSIENT, "was cut" },
	{ "client_loop: send disconnect: Broken pipe\r\n",
	  ERR_TRANSIENT, "was cut" },
	{ "Connection to lab closed by remote host.\r\n",
	  ERR_TRANSIENT, "was cut" },
	{ "Unable to negotiate with 10.0.0.1 port 22: no matching key exchange "
	  "method found. Their offer: diffie-hellman-group1-sha1\r\n",
	  ERR_UNREACHABLE, "Their offer: diffie-hellman-group1-sha1; see" },
	{ "/h/config: line 3: Bad configuration option: nosuch\r\n"
	  "/h/config: terminating, 1 bad configuration options\r\n",
	  ERR_UNREACHABLE, "configuration of ssh" },
	{ "Can't open user config file /h/c: No such file or directory\r\n",
	  ERR_UNREACHABLE, "/h/c" },
	{ "Bad owner or permissions on /h/config\r\n",
	  ERR_UNREACHABLE, "/h/config" },
	{ "/h/config line 1: keyword port extra arguments at end of line\r\n",
	  ERR_UNREACHABLE, "mend" },
	{ "mux_client_request_session: session request failed: Session open "
	  "refused by peer\r\nkex_exchange_identification: Connection closed "
	  "by remote host\r\nConnection closed by UNKNOWN port 65535\r\n",
	  ERR_CONFLICT, "no more sessions" },
	{ "channel 2: open failed: administratively prohibited: open failed\n",
	  ERR_CONFLICT, "no more sessions" },
	/* a banner is no failure */
	{ "Permission denied is what strangers get here\r\n\r\n"
	  "Connection reset by 10.0.0.1 port 22\r\n",
	  ERR_TRANSIENT, "was cut" },
	{ "something new in \033[31mOpenSSH 11\r\n",
	  ERR_TRANSIENT, "something new in \\x1b[31mOpenSSH 11" },
	{ "", ERR_TRANSIENT, "was cut" },
	{ "\r\n\r\n", ERR_TRANSIENT, "was cut" },
};

static void check_failures(void)
{
	struct strbuf words = STRBUF_INIT, err = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(said); i++) {
		strbuf_reset(&words);
		strbuf_reset(&err);
		strbuf_addstr(&words, said[i].words);
		check(ssh_failure("lab", &words, 0, &err) == said[i].code &&
		      strstr(err.buf, said[i].part) &&
		      strstr(err.buf, "cannot reach 'lab'") &&
		      !strchr(err.buf, '\n') && !strchr(err.buf, '\r'),
		      said[i].part);
		if (!strstr(err.buf, said[i].part))
			printf("# %s\n", err.buf);
	}
	strbuf_release(&words);
	strbuf_release(&err);
}

static void check_bounds(void)
{
	struct strbuf words = STRBUF_INIT, err = STRBUF_INIT;

	check(ssh_failure("lab", &words, 7, &err) == ERR_TRANSIENT &&
	      strstr(err.buf, "within 7 seconds"), "one that was given up");
	while (words.len < SSH_WORDS_MAX)
		strbuf_addstr(&words, "a long line without an end ");
	strbuf_reset(&err);
	check(ssh_failure("lab", &words, 0, &err) == ERR_TRANSIENT &&
	      err.len < 400, "a long line is cut");
	strbuf_reset(&err);
	check(ssh_no_shell("lab", &words, &words, &err) == ERR_UNREACHABLE &&
	      err.len < 500, "also where it is noise");
	strbuf_reset(&words);
	strbuf_reset(&err);
	strbuf_addstr(&words, "This account is not available.\n");
	check(ssh_no_shell("lab", &words, &words, &err) == ERR_UNREACHABLE &&
	      strstr(err.buf, "came was: This account is not available."),
	      "what came instead of a shell");
	strbuf_release(&words);
	strbuf_release(&err);
}

int main(void)
{
	check_failures();
	check_bounds();
	return unit_done();
}
