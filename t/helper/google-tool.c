/*
 * Asks what stores at Google ask: tokens, who they are of, signatures.
 *
 *	google-tool [OPTIONS] token [TIMES]	token, origin, account, quota
 *						project, "service" or "-"
 *	google-tool [OPTIONS] threads NR	the same by NR threads at once
 *	google-tool [OPTIONS] refused		a token, refused; what came then
 *	google-tool [OPTIONS] sign TEXT		hex
 *	google-tool [OPTIONS] trusted URL	whether a token may go there
 *	google-tool [OPTIONS] crash		a token, then a crash
 *
 * OPTIONS: --base-dir=D --key-file=F --store=URL --scope=S --anonymous
 * --trusted=HOST --wait=SECONDS --patience=SECONDS
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/http.h"
#include "t/helper/repeat.h"
#include "transport/google/google-credentials.h"

static struct strvec trusted = STRVEC_INIT;
static struct google_source source = {
	.scope = GOOGLE_SCOPE_GCS, .trusted = &trusted, .patience = 2
};
static struct google_credentials *credentials;
static unsigned pause_seconds;

static const char *or_none(const char *text)
{
	return text && *text ? text : "-";
}

static int show_token(void)
{
	struct strbuf token = STRBUF_INIT, err = STRBUF_INIT;
	int ret = google_credentials_get(credentials, &token, &err);
	char *origin = google_credentials_origin(credentials);
	char *account = google_credentials_account(credentials);
	char *quota = google_credentials_quota_project(credentials);

	if (ret)
		error("%s", err.buf);
	else
		printf("%s\t%s\t%s\t%s\t%s\n", or_none(token.buf),
		       or_none(origin), or_none(account), or_none(quota),
		       google_credentials_is_service(credentials) ? "service" :
								    "-");
	fflush(stdout);
	secret_release(&token);
	strbuf_release(&err);
	free(origin);
	free(account);
	free(quota);
	return ret;
}

static int show_refused(void)
{
	struct strbuf token = STRBUF_INIT, err = STRBUF_INIT;
	int ret = google_credentials_get(credentials, &token, &err);

	if (ret) {
		error("%s", err.buf);
	} else {
		printf("%s\n", or_none(token.buf));
		fflush(stdout);
		if (pause_seconds)
			sleep(pause_seconds);
		printf("%s\n",
		       google_credentials_refused(credentials, token.buf) ?
		       "useful" : "useless");
		ret = show_token();
	}
	secret_release(&token);
	strbuf_release(&err);
	return ret;
}

static int show_signature(const char *text)
{
	struct strbuf raw = STRBUF_INIT, hex = STRBUF_INIT, err = STRBUF_INIT;
	int ret = google_credentials_sign(credentials, &raw, text,
					  strlen(text), &err);

	if (ret) {
		error("%s", err.buf);
	} else {
		digest_hex_of(&hex, (unsigned char *)raw.buf, raw.len);
		printf("%s\n", hex.buf);
	}
	strbuf_release(&raw);
	strbuf_release(&hex);
	strbuf_release(&err);
	return ret;
}

static int show_trusted(const char *url)
{
	struct strbuf err = STRBUF_INIT;
	int ret = google_check_trusted(&trusted, url, "api_root", &err);

	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return ret;
}

static int act(int argc, const char **argv)
{
	const char *verb = argv[0];

	if (!strcmp(verb, "token"))
		return repeat_in_turn(show_token, argv[1], pause_seconds);
	if (!strcmp(verb, "threads") && argc == 2)
		return repeat_at_once(show_token, argv[1]);
	if (!strcmp(verb, "refused"))
		return show_refused();
	if (!strcmp(verb, "sign") && argc == 2)
		return show_signature(argv[1]);
	if (!strcmp(verb, "trusted") && argc == 2)
		return show_trusted(argv[1]);
	if (!strcmp(verb, "crash")) {
		show_token();
		raise(SIGSEGV);
	}
	die("unknown words");
}

static bool take_option(const char *word)
{
	const char *value = strchr(word, '=');

	value = value ? value + 1 : "";
	if (!strncmp(word, "--base-dir=", 11))
		source.base_dir = value;
	else if (!strncmp(word, "--key-file=", 11))
		source.key_file = value;
	else if (!strncmp(word, "--store=", 8))
		source.store = value;
	else if (!strncmp(word, "--scope=", 8))
		source.scope = value;
	else if (!strncmp(word, "--trusted=", 10))
		strvec_push(&trusted, value);
	else if (!strncmp(word, "--wait=", 7))
		pause_seconds = (unsigned)strtoul(value, NULL, 10);
	else if (!strncmp(word, "--patience=", 11))
		source.patience = (unsigned)strtoul(value, NULL, 10);
	else if (!strcmp(word, "--anonymous"))
		source.anonymous = true;
	else
		return false;
	return true;
}

static void warn_of(const char *text)
{
	warning("%s", text);
}

int main(int argc, const char **argv)
{
	struct http_options options = { 0 };
	struct strbuf err = STRBUF_INIT;
	struct http *http = NULL;
	int ret;

	notice_to(warn_of);
	for (argc--, argv++; argc && take_option(*argv); argc--, argv++)
		;
	if (!argc)
		die("no words");
	options.patience = source.patience;
	ret = http_open(&http, &options, &err);
	if (ret)
		die_code(ret, &err);
	source.http = http;
	google_credentials_new(&credentials, &source);
	ret = act(argc, argv);
	google_credentials_free(credentials);
	http_close(http);
	strbuf_release(&err);
	strvec_release(&trusted);
	return exit_status_of(ret);
}
