/*
 * What the settings say about HTTP: http.ca-file, http.stall-timeout,
 * transfer.limit-rate.
 */
#ifndef LIB_EXP_HTTP_CONF_H
#define LIB_EXP_HTTP_CONF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/project.h"
#include "lib/wrap/http.h"

/** Fills `o`, but for its patience. project: as of settings_load(); NULL:
 *  none. ca_file holds the text of o->ca_file. ERR_CONTENT names key and value
 *  when one is no such thing. */
int http_conf_fill(struct http_options *o, const struct project *project,
		   struct strbuf *ca_file, struct strbuf *err);

/** --limit-rate: what holds in this process instead of the setting, "10MiB" a
 *  second; "0": no limit. NULL: the setting holds. ERR_USAGE. */
int http_conf_limit_rate(const char *text, struct strbuf *err);

#endif
