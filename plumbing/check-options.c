#include "lib/base/compat.h"
#include "plumbing/check-options.h"

#include "lib/base/age.h"
#include "lib/base/output.h"
#include "lib/base/strbuf.h"

void check_options_read(struct check_command *c, const char *const *usage,
			const struct option *options)
{
	struct strbuf err = STRBUF_INIT;
	size_t i;

	for (i = 0; i < c->keep.nr; i++)
		if (finding_keep_add(&c->options.keep, c->keep.v[i], &err))
			usage_with_options(usage, options, "%s", err.buf);
	strvec_release(&c->keep);
	if (age_parse(&c->options.older_than, c->age, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if (c->nul && c->json)
		usage_with_options(usage, options,
				   "-z and --json exclude each other");
	if (c->read_data)
		c->options.flags |= CHECK_READ_DATA;
	if (c->repair)
		c->options.flags |= CHECK_REPAIR;
	if (c->prune)
		c->options.flags |= CHECK_PRUNE;
	if (c->dry_run)
		c->options.flags |= CHECK_DRY_RUN;
	c->options.jobs = (unsigned)c->jobs;
}

void check_print(struct check_command *c, const struct finding *f)
{
	struct strbuf line = STRBUF_INIT;

	c->open |= finding_is_bad(f);
	finding_print(&line, f, c->nul, c->json);
	out_text(line.buf, line.len);
	strbuf_release(&line);
}
