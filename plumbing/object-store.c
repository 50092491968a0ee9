#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/store/store-find.h"
#include "plumbing/object-store.h"
#include "command.h"

static int open_store(struct transport **out, const char *name,
		      unsigned patience, struct strbuf *err)
{
	struct transport_config c = { .patience = patience };
	struct remote_conf conf = { 0 };
	struct strbuf base = STRBUF_INIT, ca_file = STRBUF_INIT;
	struct strvec hosts = STRVEC_INIT;
	int ret = store_find(&conf, &base, the_project, name, err);

	c.type = conf.type;
	c.config = conf.config;
	c.base_dir = base.buf;
	if (!ret)
		ret = http_conf_fill(&c.http, the_project, &ca_file, err);
	c.google_hosts = &hosts;
	if (!ret)
		ret = http_conf_google_hosts(&hosts, err);
	if (!ret)
		ret = transport_open(out, &c, err);
	remote_conf_release(&conf);
	strvec_clear(&hosts);
	strbuf_release(&ca_file);
	strbuf_release(&base);
	return ret;
}

struct transport *object_store_need_for(const char *name, unsigned patience)
{
	struct strbuf err = STRBUF_INIT;
	struct transport *t;
	int ret = open_store(&t, name, patience, &err);

	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return t;
}

struct transport *object_store_need(const char *name)
{
	return object_store_need_for(name, TRANSPORT_PATIENCE_DEFAULT);
}
