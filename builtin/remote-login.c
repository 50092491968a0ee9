#include "lib/base/compat.h"
#include "builtin/remote-login.h"

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#define RECORD_MAX (64u << 10)

/* The child talks to the person itself; its record goes to `out`. */
static int run_child(const struct remote_login *l, bool logout,
		     const char *name, struct strbuf *out)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;

	child.resutil_cmd = 1;
	strvec_push(&child.args, "login-store");
	if (logout)
		strvec_push(&child.args, "--logout");
	if (l->client)
		strvec_pushf(&child.args, "--client=%s", l->client);
	if (l->port)
		strvec_pushf(&child.args, "--port=%d", l->port);
	if (l->timeout >= 0)
		strvec_pushf(&child.args, "--timeout=%d", l->timeout);
	if (l->no_browser)
		strvec_push(&child.args, "--no-browser");
	if (l->dry_run)
		strvec_push(&child.args, "--dry-run");
	strvec_pushl(&child.args, "--", name, NULL);
	ret = pipe_command(&child, NULL, 0, out, NULL, RECORD_MAX, &err);
	if (ret < 0) {
		error("%s", err.buf);
		ret = exit_status_of(ret);
	}
	strbuf_release(&err);
	return ret;
}

/* "ACCOUNT TAB PATH": whose, as a person reads it; and where. */
static void split_record(const struct strbuf *record, struct strbuf *account,
			 struct strbuf *path)
{
	const char *tab = strchr(record->buf, '\t');
	size_t len = tab ? (size_t)(tab - record->buf) : 0;

	if (len == 1 && record->buf[0] == '-')
		strbuf_addstr(account, "somebody");
	else
		quote_terminal(account, record->buf, len);
	if (tab)
		strbuf_add(path, tab + 1, strcspn(tab + 1, "\n"));
}

int remote_log_in(const struct remote_login *l, const char *name)
{
	struct strbuf record = STRBUF_INIT, account = STRBUF_INIT,
		      path = STRBUF_INIT;
	int ret = run_child(l, false, name, &record);

	if (!ret && verbosity >= 0) {
		split_record(&record, &account, &path);
		if (l->dry_run)
			out_printf(_("Would log in to %s, and keep that in "
				     "%s\n"), name, path.buf);
		else
			out_printf(_("Logged in to %s as %s; that is kept in "
				     "%s\n"), name, account.buf, path.buf);
		out_flush();
	}
	strbuf_release(&record);
	strbuf_release(&account);
	strbuf_release(&path);
	return ret;
}

int remote_log_out(const struct remote_login *l, const char *name)
{
	struct strbuf record = STRBUF_INIT, account = STRBUF_INIT,
		      path = STRBUF_INIT;
	int ret = run_child(l, true, name, &record);

	if (!ret && verbosity >= 0) {
		split_record(&record, &account, &path);
		out_printf(l->dry_run ? _("Would log %s out of %s\n") :
			   _("Logged %s out of %s\n"), account.buf, name);
	}
	strbuf_release(&record);
	strbuf_release(&account);
	strbuf_release(&path);
	return ret;
}
