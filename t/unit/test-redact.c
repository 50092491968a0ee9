/* What is a secret, and what only looks like one: resutilformat-exp(5),
 * "REDACTED". */
#include "t/unit/unit.h"
#include "lib/base/alloc.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/* Nothing here is a token: each is put together from its beginning and as
 * many of these as it takes, so that no scanner finds one in this file. */
static const char digits[] =
	"0a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8i9J";
static const char capitals[] = "A1B2C3D4E5F6G7H8I9J0";

static char *token(const char *prefix, const char *of, size_t len)
{
	return xstrfmt("%s%.*s", prefix, (int)len, of);
}

static void check_names(void)
{
	static const char *const secret[] = {
		"password", "--password", "PASSWORD", "db-password",
		"DB_PASSWORD", "dbPassword", "--db-pass", "PGPASSWORD",
		"passwd", "MYSQL_PWD", "pw", "passphrase", "pass-phrase",
		"password1", "DB_PASSWORD_PROD", "secret", "client_secret",
		"clientsecret", "SECRET_KEY_BASE", "seed-secret", "token",
		"--token", "hub_token", "HF_TOKEN", "hftoken", "accessToken",
		"HTTPToken", "GITHUB_TOKEN_2", "model.token", "auth_token",
		"bot-token", "api-key", "apikey", "API_KEY", "apiKey",
		"openai.api_key", "OPENAI_KEY", "AWS_SECRET_ACCESS_KEY",
		"access-key", "private-key", "signing_key", "ssh-key",
		"credential", "credentials", "auth", "basic-auth",
		"Authorization", "X-Api-Key", "cookie", "secrets",
		"vault.secret", "--bearer", "jwt", "db_pass"
	};
	static const char *const plain[] = {
		"", "-", "-p", "p", "author", "--author", "authors",
		"tokenizer", "--tokenizer", "tokens", "max-tokens",
		"max_token", "MaxToken", "maxtoken", "token-count",
		"token_count", "n_tokens", "num_token", "n-token",
		"token-dropout", "tokens_per_second", "pad-token", "eos_token",
		"mask_token", "placeholder_token", "initializer-token",
		"image-token", "subtoken", "detoken", "key", "--key",
		"public-key", "sort_key", "image-key", "keys", "monkey",
		"keyboard", "password-file", "token_path", "secret-dir",
		"secretary", "use-auth", "no-password", "use_auth_token",
		"skip-auth", "ask-password", "passes", "n-passes", "bypass",
		"compass", "authority", "oauth2client.name", "pwdump",
		"credential-file", "lr", "batch_size", "pass-count",
		"signature", "-", "token-env", "PASSWORD_ENV", "low-pass",
		"band_pass", "first-pass", "forward_pass", "patch-token",
		"register_token", "pooling-token"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(secret); i++)
		check(redact_is_secret_name(secret[i]), secret[i]);
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		check(!redact_is_secret_name(plain[i]), plain[i]);
}

static void check_values(void)
{
	static const char *const not_even_passwords[] = {
		"", "-", "true", "False", "null", "None", "yes", "no", "off",
		"$PASSWORD", "${pw}", "$(pass x)", "<redacted:3>"
	};
	static const char *const no_tokens[] = {
		"3", "512", "0.1", "-1.5", "1e-3", "99999", "abc", "./file",
		"../f", "~/.token", "/etc/token", "/run/secrets/x",
		"token.json", "key.pem", "@file", "<pad>", "[MASK]", "{x}",
		"basic", "Bearer", "auto"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(not_even_passwords); i++)
		check(!redact_is_secret("password", not_even_passwords[i]),
		      not_even_passwords[i]);
	for (i = 0; i < ARRAY_SIZE(no_tokens); i++)
		check(!redact_is_secret("token", no_tokens[i]), no_tokens[i]);
	check(redact_is_secret("password", "abc"), "a short password");
	check(redact_is_secret("password", "1"), "a password of one digit");
	check(redact_is_secret("password", "$ecret"), "no reference");
	check(redact_is_secret("password", "/etc/x"), "odd, but a password");
	check(redact_is_secret("token", "abcd"), "a short token");
	check(redact_is_secret("token", "1234567"), "a token of digits");
	check(redact_is_secret("token", "/aB3xYz/1"), "base64 is no path");
	check(redact_is_secret("token", "0123456789abcdef0123456789abcdef"),
	      "a hash below such a name is one");
	check(!redact_is_secret("tokenizer", "bert-base"), "a tokenizer");
}

/* The token alone and within text is found as a whole; cut short it is none. */
static void check_one_shape(const char *prefix, const char *of, size_t len)
{
	char *whole = token(prefix, of, len), *text, *cut;
	const char *at = NULL, *kind = NULL;
	size_t n;

	n = redact_find_token(whole, strlen(whole), &at, &kind);
	check(n == strlen(whole) && at == whole, prefix);
	text = xstrfmt("{\"key\": \"%s\", \"x\": 1}", whole);
	n = redact_find_token(text, strlen(text), &at, &kind);
	check(n == strlen(whole) && at == text + 9, "within a text");
	free(text);
	text = xstrfmt("a\\n%s", whole);
	check(redact_find_token(text, strlen(text), &at, &kind) ==
	      strlen(whole), "behind an escape of JSON");
	free(text);
	text = xstrfmt("x%s", whole);
	check(!redact_find_token(text, strlen(text), &at, &kind),
	      "not within a word");
	free(text);
	cut = token(prefix, of, len - 1);
	check(!redact_find_token(cut, strlen(cut), &at, &kind), "one less");
	free(cut);
	free(whole);
}

static void check_shapes(void)
{
	static const char *const hashes[] = {
		"d41d8cd98f00b204e9800998ecf8427e",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709",
		("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		 "7852b855"), "uuid 123e4567-e89b-42d3-a456-426614174000",
		"sk-toggleable__content fitted",
		"risk-averse-0123456789abcdefgh",
		"sk-abcdefghijklmnopqrstuvwx", "eyJhbGciOiJIUzI1NiJ9",
		"-----BEGIN PUBLIC KEY-----MIIB-----END PUBLIC KEY-----",
		"-----BEGIN CERTIFICATE-----", "AKIAshort", "hf_model_name",
		"xoxb-words-only-here", "ghp_", "PuTTY", "AKIA"
	};
	const char *at, *kind;
	size_t i;

	check_one_shape("AKIA", capitals, 16);
	check_one_shape("ASIA", capitals, 16);
	check_one_shape("ghp_", digits, 36);
	check_one_shape("gho_", digits, 36);
	check_one_shape("ghs_", digits, 36);
	check_one_shape("ghu_", digits, 36);
	check_one_shape("ghr_", digits, 36);
	check_one_shape("github_pat_", digits, 22);
	check_one_shape("glpat-", digits, 20);
	check_one_shape("xoxb-", digits, 10);
	check_one_shape("xoxp-", digits, 10);
	check_one_shape("xapp-", digits, 10);
	check_one_shape("sk-", digits, 20);
	check_one_shape("sk-proj-", digits, 20);
	check_one_shape("sk-ant-", digits, 20);
	check_one_shape("sk_live_", digits, 16);
	check_one_shape("rk_live_", digits, 16);
	check_one_shape("hf_", digits, 30);
	check_one_shape("npm_", digits, 36);
	check_one_shape("pypi-", digits, 50);
	check_one_shape("AIza", digits, 35);
	check_one_shape("ya29.", digits, 20);
	check_one_shape("ya29.c.", digits, 20);
	check_one_shape("1//0", digits, 30);
	check_one_shape("GOCSPX-", digits, 20);
	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		check(!redact_find_token(hashes[i], strlen(hashes[i]), &at,
					 &kind), hashes[i]);
}

static void check_long_shapes(void)
{
	char *jwt = xstrfmt("eyJ%.20s.eyJ%.30s.%.12s", digits, digits, digits);
	char *pem = xstrfmt("-----BEGIN %s KEY-----\nMII\n"
			    "-----END %s KEY-----", "RSA PRIVATE",
			    "RSA PRIVATE");
	char *text = xstrfmt("x %s y", pem);
	const char *at, *kind;

	check(redact_find_token(jwt, strlen(jwt), &at, &kind) == strlen(jwt),
	      "a web token");
	check_str(kind, "shape eyJ", "its kind");
	check(redact_find_token(text, strlen(text), &at, &kind) ==
	      strlen(pem) && at == text + 2, "a private key up to its end");
	check_str(kind, "private key", "its kind");
	check(redact_find_token(pem, strlen(pem) - 20, &at, &kind) ==
	      strlen(pem) - 20, "a private key without its end");
	check(redact_find_token("PuTTY-User-Key-File-2: ssh-rsa", 30, &at,
				&kind) == 30, "a PuTTY key");
	free(jwt);
	free(pem);
	free(text);
}

/* Words end with NULL; `want`: the words joined by '|'. */
static void check_argv(const char *want, ...)
{
	struct redaction r = REDACTION_INIT;
	struct strvec argv = STRVEC_INIT, out = STRVEC_INIT;
	struct strvec twice = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	bool found, same = true;
	const char *word;
	va_list ap;
	size_t i;

	va_start(ap, want);
	while ((word = va_arg(ap, const char *)))
		strvec_push(&argv, word);
	va_end(ap);
	found = redact_argv(&r, argv.v, &out);
	for (i = 0; i < out.nr; i++) {
		strbuf_addf(&text, "%s%s", i ? "|" : "", out.v[i]);
		same = same && !strcmp(out.v[i], argv.v[i]);
	}
	check_str(text.buf, want, want);
	check(found == !same && found == (r.values.nr > 0),
	      "it says whether something was taken out");
	redaction_release(&r);
	redact_argv(&r, out.v, &twice);
	strbuf_reset(&text);
	for (i = 0; i < twice.nr; i++)
		strbuf_addf(&text, "%s%s", i ? "|" : "", twice.v[i]);
	check_str(text.buf, want, "and again nothing more");
	strvec_release(&twice);
	strvec_release(&out);
	strvec_release(&argv);
	strbuf_release(&text);
	redaction_release(&r);
}

static void check_options(void)
{
	check_argv("p|--token|<redacted:1>|x", "p", "--token", "aaaa", "x",
		   NULL);
	check_argv("p|--token=<redacted:1>", "p", "--token=aaaa", NULL);
	check_argv("p|--password=<redacted:1>", "p", "--password=a b;c&d",
		   NULL);
	check_argv("p|-token|<redacted:1>", "p", "-token", "aaaa", NULL);
	check_argv("p|-p|aaaa", "p", "-p", "aaaa", NULL);
	check_argv("p|API_KEY=<redacted:1>|q", "p", "API_KEY=aaaa", "q", NULL);
	check_argv("p|db.password=<redacted:1>", "p", "db.password=x y", NULL);
	check_argv("p|--token|--verbose", "p", "--token", "--verbose", NULL);
	check_argv("p|--token|-v|x", "p", "--token", "-v", "x", NULL);
	check_argv("p|--password|<redacted:1>", "p", "--password", "-odd-pw",
		   NULL);
	check_argv("p|--token", "p", "--token", NULL);
	check_argv("p|--tokenizer|bert|--max-tokens|512|--token-dropout|0.1|"
		   "--seed|3|--author|ann", "p", "--tokenizer", "bert",
		   "--max-tokens", "512", "--token-dropout", "0.1", "--seed",
		   "3", "--author", "ann", NULL);
	check_argv("p|--auth|train.py", "p", "--auth", "train.py", NULL);
	check_argv("p|--pad_token|<pad>|--eos-token|</s>", "p", "--pad_token",
		   "<pad>", "--eos-token", "</s>", NULL);
	check_argv("p|--a|<redacted:1>|--token|<redacted:1>", "p", "--a",
		   "longvalue", "--token", "longvalue", NULL);
	check_argv("p|--pw|<redacted:1>|train", "p", "--pw", "train", "train",
		   NULL);
	check_argv("p|--token|<redacted:1>|x-<redacted:1>/y|longvalues", "p",
		   "--token", "longvalue", "x-longvalue/y", "longvalues",
		   NULL);
	check_argv("p|--password|<redacted:1>|--password|<redacted:1>|--token|"
		   "<redacted:2>", "p", "--password", "redacted", "--password",
		   "redacted", "--token", "other", NULL);
	check_argv("p|--secret|<redacted:1>|--secret|<redacted:2>", "p",
		   "--secret", "redacted", "--secret", "<redacted:", NULL);
	check_argv("p|<redacted:7>|--token|<redacted:8>", "p", "<redacted:7>",
		   "--token", "aaaa", NULL);
	check_argv("", NULL);
}

static void check_texts_in_argv(void)
{
	char *text;

	check_argv("git|clone|https://ann:<redacted:1>@host/x.git", "git",
		   "clone", "https://ann:hunter2@host/x.git", NULL);
	check_argv("p|postgres://u:<redacted:1>@db:5432/x", "p",
		   "postgres://u:p@ss@db:5432/x", NULL);
	check_argv("p|https://host:80/a@b|ssh://git@host/x", "p",
		   "https://host:80/a@b", "ssh://git@host/x", NULL);
	check_argv("p|https://h/x?a=1&token=<redacted:1>&b=2", "p",
		   "https://h/x?a=1&token=aaaa&b=2", NULL);
	check_argv("p|https://h/x?X-Amz-Signature=<redacted:1>&sig="
		   "<redacted:2>", "p",
		   "https://h/x?X-Amz-Signature=0123abcd&sig=efgh", NULL);
	check_argv("curl|-H|Authorization: Bearer <redacted:1>|-H|X-Api-Key: "
		   "<redacted:2>", "curl", "-H", "Authorization: Bearer aaaa",
		   "-H", "X-Api-Key: bbbb", NULL);
	check_argv("curl|-u|ann:<redacted:1>", "curl", "-u", "ann:pw", NULL);
	text = xstrfmt("ghp_%.36s:x-oauth", digits);
	check_argv("curl|-u|<redacted:1>:<redacted:2>", "curl", "-u", text,
		   NULL);
	free(text);
	check_argv("sshpass|-p|<redacted:1>|ssh|h", "sshpass", "-p", "pw",
		   "ssh", "h", NULL);
	check_argv("sshpass|-p<redacted:1>", "sshpass", "-ppw", NULL);
	check_argv("nice|sshpass|-p|<redacted:1>|ssh|h|x", "nice", "sshpass",
		   "-p", "pw", "ssh", "h", "x", NULL);
	check_argv("env|A=1|/usr/bin/curl|-uann:<redacted:1>|--user=ann:"
		   "<redacted:2>", "env", "A=1", "/usr/bin/curl", "-uann:pw",
		   "--user=ann:qw", NULL);
	check_argv("curl|-H|X-API-KEY:<redacted:1>|-H|Host:8080", "curl",
		   "-H", "X-API-KEY:aaaa", "-H", "Host:8080", NULL);
	check_argv("papermill|a|b|-p|api_key|<redacted:1>|-p|token_dim|64",
		   "papermill", "a", "b", "-p", "api_key", "aaaa", "-p",
		   "token_dim", "64", NULL);
	check_argv("python3|-m|wandb|login|<redacted:1>", "python3", "-m",
		   "wandb", "login", "0123456789abcdef0123", NULL);
	check_argv("wandb|login|--relogin|sync|x", "wandb", "login",
		   "--relogin", "sync", "x", NULL);
	check_argv("ssh|h|HF_TOKEN=<redacted:1> python3 t.py --lr 1", "ssh",
		   "h", "HF_TOKEN=aaaa python3 t.py --lr 1", NULL);
	check_argv("p|TOKEN=<redacted:1> python3 t.py", "p",
		   "TOKEN=aaaa python3 t.py", NULL);
	check_argv("p|https://hooks.slack.com/services/<redacted:1>", "p",
		   "https://hooks.slack.com/services/T0/B0/x", NULL);
	check_argv("p|https://api.telegram.org/bot<redacted:1>?a=b", "p",
		   "https://api.telegram.org/bot12:AAx/send?a=b", NULL);
	check_argv("docker|-u|1000:1000", "docker", "-u", "1000:1000", NULL);
	check_argv("sh|-c|TOKEN=<redacted:1> run --password '<redacted:2>' x",
		   "sh", "-c", "TOKEN=aaaa run --password 'b c' x", NULL);
}

static void check_programs(void)
{
	struct redaction r = REDACTION_INIT;
	struct strbuf out = STRBUF_INIT;

	check_argv("python3|-c|f(token=tok, password=getpass(), api_key=os."
		   "environ['K'], secret='<redacted:1>')", "python3", "-c",
		   "f(token=tok, password=getpass(), api_key=os.environ['K'], "
		   "secret='abc')", NULL);
	check_argv("python3|-c|e['HF_TOKEN'] = '<redacted:1>'; e[\"PASSWORD\"]"
		   "=\"<redacted:2>\"", "python3", "-c", "e['HF_TOKEN'] = "
		   "'aaaa'; e[\"PASSWORD\"]=\"bbbb\"", NULL);
	check_argv("python3|-c|if password == 'a': print(f\"token: {token}, "
		   "password: {pw}\")", "python3", "-c", "if password == 'a': "
		   "print(f\"token: {token}, password: {pw}\")", NULL);
	check_argv("bash|-c|cd x && curl -u ann:<redacted:1> h; sort -u a:b; "
		   "sshpass -p <redacted:2> ssh h -p 22", "bash", "-c",
		   "cd x && curl -u ann:pw h; sort -u a:b; sshpass -p qw ssh h "
		   "-p 22", NULL);
	check_argv("bash|-lc|p --password=<redacted:1> x", "bash", "-lc",
		   "p --password=a\\ b x", NULL);
	check_argv("bash|-c|curl -H 'X-Api-Key:<redacted:1>' h:80", "bash",
		   "-c", "curl -H 'X-Api-Key:aaaa' h:80", NULL);
	check_argv("p|logger={wandb:{api_key:<redacted:1>,n:3}}|a:b", "p",
		   "logger={wandb:{api_key:aaaa,n:3}}", "a:b", NULL);
	check_argv("p|{\"password\": {\"min\": 3}}", "p",
		   "{\"password\": {\"min\": 3}}", NULL);
	check_argv("p|{\"password\": \"<redacted:1>\", \"n\": 3}", "p",
		   "{\"password\": \"a\\\"b\", \"n\": 3}", NULL);
	check_argv("p|x == token|a != secret|token == x", "p", "x == token",
		   "a != secret", "token == x", NULL);
	check(redact_value(&r, "meta.API_KEY", "aaaa", &out), "a variable");
	check_str(out.buf, "<redacted:1>", "is replaced as a whole");
	check_str(r.reasons.v[0], "name meta.API_KEY", "and why is known");
	strbuf_reset(&out);
	check(!redact_value(&r, "n_tokens", "12", &out), "a count");
	check_str(out.buf, "12", "stays");
	strbuf_reset(&out);
	check(redact_value(&r, "other", "see http://a:bcd@h", &out), "a URL");
	check_str(out.buf, "see http://a:<redacted:2>@h", "in a value");
	strbuf_reset(&out);
	check(redact_text(&r, "Authorization: Basic bcdefg==", &out),
	      "free text");
	check_str(out.buf, "Authorization: Basic <redacted:3>", "a header");
	strbuf_reset(&out);
	check(!redact_text(&r, "password: is asked for", &out),
	      "free text has no names");
	strbuf_release(&out);
	redaction_release(&r);
}

static void check_rules(void)
{
	char *aws = token("AKIA", capitals, 16), *want;

	redact_add_name("tenant_*");
	redact_add_name("Vault");
	redact_allow("session-token");
	redact_allow("AKIAA1*");
	check(redact_is_secret_name("--tenant-code"), "a pattern of the user");
	check(redact_is_secret_name("TENANT_ID"), "case and _ do not matter");
	check(redact_is_secret_name("x.vault"), "the last part of a name");
	check(!redact_is_secret_name("vaults"), "only as a whole");
	check(!redact_is_secret_name("SESSION_TOKEN"), "an exempt name");
	check_argv("p|--session-token|aaaa|--tenant-x|<redacted:1>", "p",
		   "--session-token", "aaaa", "--tenant-x", "bbbb", NULL);
	want = xstrfmt("p|%s|--token|%s", aws, aws);
	check_argv(want, "p", aws, "--token", aws, NULL);
	free(want);
	redact_clear_rules();
	check(!redact_is_secret_name("vault"), "rules can be cleared");
	check_argv("p|<redacted:1>", "p", aws, NULL);
	free(aws);
}

/* Time must not grow with the square: texts made to be looked at often. */
static void check_long(void)
{
	static const char *const pieces[] = {
		"eyJ-", "sk-ant-", "glpat-", "ya29.", "-----BEGIN ", "://a:",
		"token=(", "\"token\":", "--token ", "authorization:",
		"<redacted:", "AKIA", "curl -u ", " -p a"
	};
	struct redaction r = REDACTION_INIT;
	struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		strbuf_reset(&text);
		strbuf_reset(&out);
		while (text.len < 1 << 20)
			strbuf_addstr(&text, pieces[i]);
		redact_command(&r, text.buf, &out);
		check(out.len > 0, pieces[i]);
		redaction_release(&r);
	}
	strbuf_release(&text);
	strbuf_release(&out);
}

int main(void)
{
	check_names();
	check_values();
	check_shapes();
	check_long_shapes();
	check_options();
	check_texts_in_argv();
	check_programs();
	check_rules();
	check_long();
	return unit_done();
}
