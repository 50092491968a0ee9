/*
 * login-store: have a person let us into a store at Google, in a browser, and
 * keep that; or take it back.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/conf/store-url.h"
#include "lib/wrap/http.h"
#include "transport/google/google-credentials.h"
#include "transport/google/google-login.h"
#include "transport/transport.h"
#include "command.h"

#define TIMEOUT_DEFAULT 300
#define TIMEOUT_MAX 3600
#define PORT_MAX 65535

static const char *const usage[] = {
	"login-store [-n] [--client FILE] [--port N] [--timeout SECONDS] "
	"[--no-browser] URL|REMOTE",
	"login-store [-n] --logout URL|REMOTE",
	NULL
};

/* The store, and how it is asked. */
struct place {
	struct remote_conf conf;
	char *url;
	const char *scope;
	struct strvec hosts;
	struct strbuf ca_file;
	struct http *http;
};

struct login_options {
	const char *client;
	int port, timeout, no_browser, dry_run, logout;
};

static int find_conf(struct remote_conf *conf, const char *name,
		     struct strbuf *base, struct strbuf *err)
{
	if (store_url_looks(name)) {
		if (path_cwd(base, err))
			return ERR_FAILED;
		return store_url_parse(name, &conf->type, &conf->config, NULL,
				       err);
	}
	if (!the_project)
		return fail(err, ERR_FAILED, "no project here; go into one, or "
			    "name a store by its URL");
	strbuf_addstr(base, the_project->root);
	return remotes_find(conf, the_project, name, err);
}

static int find_scope(struct place *p, struct strbuf *err)
{
	if (!strcmp(p->conf.type, "gdrive"))
		p->scope = GOOGLE_SCOPE_DRIVE;
	else if (!strcmp(p->conf.type, "gcs"))
		p->scope = GOOGLE_SCOPE_GCS;
	else
		return fail(err, ERR_USAGE, "stores of type '%s' have no "
			    "logins; those of gdrive and gcs do",
			    p->conf.type);
	return 0;
}

/* Its URL is what the backend says: logins are found by it. */
static int find_url(struct place *p, const struct transport_config *c,
		    struct strbuf *err)
{
	struct transport *t;
	int ret = transport_open(&t, c, err);

	if (ret)
		return ret;
	p->url = xstrdup(transport_url(t));
	transport_close(t);
	return 0;
}

static int place_open(struct place *p, const char *name, struct strbuf *err)
{
	struct transport_config c = { .patience = TRANSPORT_PATIENCE_DEFAULT };
	struct http_options http;
	struct strbuf base = STRBUF_INIT;
	int ret = find_conf(&p->conf, name, &base, err);

	if (!ret)
		ret = find_scope(p, err);
	if (!ret)
		ret = http_conf_fill(&c.http, the_project, &p->ca_file, err);
	if (!ret)
		ret = http_conf_google_hosts(&p->hosts, err);
	c.type = p->conf.type;
	c.config = p->conf.config;
	c.base_dir = base.buf;
	c.google_hosts = &p->hosts;
	if (!ret)
		ret = find_url(p, &c, err);
	http = c.http;
	http.patience = TRANSPORT_PATIENCE_DEFAULT;
	if (!ret)
		ret = http_open(&p->http, &http, err);
	strbuf_release(&base);
	return ret;
}

static void place_release(struct place *p)
{
	http_close(p->http);
	remote_conf_release(&p->conf);
	strvec_release(&p->hosts);
	strbuf_release(&p->ca_file);
	free(p->url);
}

/* ---- the browser -------------------------------------------------------- */

/* BROWSER, as other programs read it: the first command of a list with ':', to
 * which the URL is added. */
static bool browser_of_user(struct strvec *args)
{
	const char *text = getenv("BROWSER");
	char *first;
	bool found;

	if (!text || !*text)
		return false;
	first = xmemdupz(text, strcspn(text, ":"));
	found = !unquote_shell(args, first, NULL) && args->nr;
	free(first);
	return found;
}

static bool has_display(void)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	return (x && *x) || (wayland && *wayland);
}

/* Nobody waits for it: it may be open for days. */
static bool open_browser(const char *url)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf why = STRBUF_INIT;
	bool opened = false;

	if (browser_of_user(&child.args))
		strvec_push(&child.args, url);
	else if (has_display())
		strvec_pushl(&child.args, "xdg-open", url, NULL);
	if (child.args.nr) {
		child.no_stdin = child.no_stdout = child.no_stderr = 1;
		child.new_session = 1;
		child.silent_fail = 1;
		opened = !start_command(&child, &why);
	}
	child_process_release(&child);
	strbuf_release(&why);
	return opened;
}

static int show_url(void *data, const char *url, unsigned port,
		    struct strbuf *err UNUSED)
{
	const struct login_options *o = data;
	bool opened = !o->no_browser && open_browser(url);

	/* who said -q needs it all the same, where nothing else shows it */
	if (verbosity < 0 && !opened)
		warning("log in at %s", url);
	else if (opened)
		say("A browser shows where to log in; if it does not, open:"
		    "\n\n  %s\n", url);
	else
		say("Open this in a browser of this machine, and log in:"
		    "\n\n  %s\n\nIt leads back to port %u of this machine; "
		    "from another one, 'ssh -L %u:127.0.0.1:%u' to here "
		    "first.\n", url, port, port, port);
	return 0;
}

/* ---- in, out ------------------------------------------------------------ */

static void print_login(const char *account, const char *store)
{
	struct strbuf path = STRBUF_INIT, name = STRBUF_INIT;

	google_login_path(&path, store, NULL);
	quote_c(&name, path.buf, path.len);
	out_printf("%s\t%s\n", account && *account ? account : "-", name.buf);
	strbuf_release(&path);
	strbuf_release(&name);
}

/* With the client that is named, or that of the last time. */
static int find_client(struct google_login *l, const struct place *p,
		       const char *file, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = google_login_read(l, p->url, &why);

	if (file) {
		google_client_release(&l->client);
		ret = google_client_read(&l->client, file, err);
	} else if (ret == ERR_NOT_FOUND) {
		ret = fail(err, ERR_USAGE, "a login needs --client, the file "
			   "of an OAuth client of yours; resutil-gdrive(7), "
			   "SET UP, says how to make one");
	} else if (ret) {
		fail(err, ret, "%s", why.buf);
	}
	if (!ret && !l->store)
		l->store = xstrdup(p->url);
	strbuf_release(&why);
	return ret;
}

static void fill_call(struct google_login_call *call, const struct place *p,
		      struct login_options *o)
{
	memset(call, 0, sizeof(*call));
	call->http = p->http;
	call->trusted = &p->hosts;
	call->patience = TRANSPORT_PATIENCE_DEFAULT;
	call->port = (unsigned)o->port;
	call->seconds = (unsigned)o->timeout;
	/* who runs us by 'remote login', and may be killed */
	call->asker = STDOUT_FILENO;
	call->scope = p->scope;
	call->show = show_url;
	call->data = o;
}

static int log_in(const struct place *p, struct login_options *o,
		  struct strbuf *err)
{
	struct google_login_call call;
	struct google_login login = { NULL, NULL, NULL, NULL,
				      GOOGLE_CLIENT_INIT };
	struct strbuf path = STRBUF_INIT;
	int ret = find_client(&login, p, o->client, err);

	fill_call(&call, p, o);
	if (!ret && !o->dry_run)
		ret = google_login_ask(&call, &login, err);
	if (!ret && !o->dry_run)
		ret = google_login_save(&login, &path, err);
	if (!ret)
		print_login(login.account, p->url);
	google_login_release(&login);
	strbuf_release(&path);
	return ret;
}

/* What was not taken back is gone from here all the same: whoever logs out
 * means this machine first. */
static int log_out(const struct place *p, struct login_options *o,
		   struct strbuf *err)
{
	struct google_login_call call;
	struct google_login login = { NULL, NULL, NULL, NULL,
				      GOOGLE_CLIENT_INIT };
	int ret = google_login_read(&login, p->url, err), gone = 0;

	if (ret == ERR_NOT_FOUND)
		goto cleanup;
	fill_call(&call, p, o);
	if (!ret && !o->dry_run)
		ret = google_login_revoke(&call, &login, err);
	if (!o->dry_run) {
		if (ret)
			strbuf_addch(err, '\n');
		gone = google_login_remove(p->url, err);
		if (ret && !gone)
			strbuf_setlen(err, err->len - 1);
	}
	if (!gone && (!ret || !o->dry_run))
		print_login(login.account, p->url);
	ret = ret ? ret : gone;

cleanup:
	google_login_release(&login);
	return ret;
}

static void check_options(const struct login_options *o,
			  const struct option *options, int argc)
{
	if (argc != 1)
		usage_with_options(usage, options, "one store is needed");
	if (o->logout && (o->client || o->port || o->no_browser))
		usage_with_options(usage, options, "--logout asks nobody: it "
				   "takes no --client, --port and "
				   "--no-browser");
	if (o->port > PORT_MAX)
		usage_with_options(usage, options, "'%d' is no port", o->port);
	if (o->timeout < 1 || o->timeout > TIMEOUT_MAX)
		usage_with_options(usage, options, "--timeout is 1 to %d "
				   "seconds", TIMEOUT_MAX);
}

int cmd_login_store(int argc, const char **argv)
{
	struct login_options o = { .timeout = TIMEOUT_DEFAULT };
	struct place p = { .hosts = STRVEC_INIT, .ca_file = STRBUF_INIT };
	struct strbuf err = STRBUF_INIT;
	const struct option options[] = {
		{ .type = OPTION_STRING, .name = "client", .value = &o.client,
		  .argh = "FILE", .arg = ARG_FILE,
		  .help = "of an OAuth client; default: as the last time" },
		OPT_NUMBER(0, "port", &o.port, "N",
			"where the browser comes back to; default: a free one"),
		OPT_NUMBER(0, "timeout", &o.timeout, "SECONDS",
			"how long it is waited for; default: 300"),
		OPT_BOOL(0, "no-browser", &o.no_browser,
			 "open none, only print where to log in"),
		OPT_BOOL('n', "dry-run", &o.dry_run,
			 "ask nobody, change nothing"),
		OPT_BOOL(0, "logout", &o.logout, "take the login back"),
		OPT_END_OF_TABLE
	};
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	check_options(&o, options, argc);
	ret = place_open(&p, argv[0], &err);
	if (!ret)
		ret = o.logout ? log_out(&p, &o, &err) : log_in(&p, &o, &err);
	if (ret)
		error("%s", err.buf);
	place_release(&p);
	strbuf_release(&err);
	return exit_status_of(ret);
}
