/*
 * What the settings say about HTTP: http.ca-file, http.stall-timeout,
 * transfer.limit-rate; and who is trusted with tokens: google.trusted-hosts.
 */
#ifndef LIB_EXP_STORE_HTTP_CONF_H
#define LIB_EXP_STORE_HTTP_CONF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"
#include "lib/wrap/http.h"

/** Fills `o`, but for its patience. project: as of settings_load(); NULL:
 *  none. ca_file holds the text of o->ca_file. ERR_CONTENT names key and value
 *  when one is no such thing. */
int http_conf_fill(struct http_options *o, const struct project *project,
		   struct strbuf *ca_file, struct strbuf *err);

/** --limit-rate: what holds in this process instead of the setting, "10MiB" a
 *  second; "0": no limit. NULL: the setting holds. ERR_USAGE. */
int http_conf_limit_rate(const char *text, struct strbuf *err);

/** Adds "HOST" and "HOST:PORT", in small letters, of google.trusted-hosts: a
 *  list, or a text with commas or blanks between. What a project says does not
 *  count: it would trust itself. ERR_CONTENT names what is no host. */
int http_conf_google_hosts(struct strvec *out, struct strbuf *err);

#endif
