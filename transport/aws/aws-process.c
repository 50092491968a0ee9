/*
 * Programs that say keys (`credential_process`). Only files of the user's own
 * name them: never a key file or a .env, which may come with a project. They
 * are run as they are, by no shell: words are split at blanks, quotes hold
 * them together, a backslash takes the next character as it is.
 * Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
 */
#include "lib/base/compat.h"
#include "transport/aws/aws-internal.h"

#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/* It may open a browser, or ask for a finger on a key. */
#define PROCESS_LIMIT_MS (5u * 60 * 1000)

int aws_from_process(struct aws_search *s, const char *command,
		     const char *where, struct aws_keys *out,
		     struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT,
		      name = STRBUF_INIT;
	int ret;

	ret = unquote_shell(&child.args, command, NULL);
	if (ret || !child.args.nr) {
		ret = fail(err, ERR_CONTENT, "the credential_process of %s "
			   "cannot be split into words", where);
		child_process_release(&child);
		goto cleanup;
	}
	strbuf_addf(&name, "'%s', the credential_process of %s,",
		    child.args.v[0], where);
	/* room for all of it: growing would leave copies behind */
	strbuf_grow(&text, 2 * AWS_ANSWER_MAX);
	child.limit = PROCESS_LIMIT_MS;
	ret = pipe_command(&child, NULL, 0, &text, NULL, AWS_ANSWER_MAX, &why);
	if (ret < 0) {
		fail(err, ERR_CREDENTIALS, "%s failed: %s", name.buf, why.buf);
		ret = ERR_CREDENTIALS;
		goto cleanup;
	}
	if (ret > 0) {
		ret = fail(err, ERR_CREDENTIALS, "%s ended with status %d",
			   name.buf, ret);
		goto cleanup;
	}
	ret = aws_keys_from_json(out, &text, "SessionToken", name.buf, err);
	if (ret)
		goto cleanup;
	strbuf_addf(&s->origin, "the credential_process of %s", where);
	s->renewable = true;

cleanup:
	secret_release(&text);
	strbuf_release(&why);
	strbuf_release(&name);
	return ret;
}
