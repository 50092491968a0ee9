/*
 * Hosts that are not Google's, and are to see tokens of Google's all the same:
 * a person says so once, for this machine. Source: google.trusted-hosts.
 */
#ifndef BUILTIN_TRUST_HOST_H
#define BUILTIN_TRUST_HOST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/**
 * Whether the host of `url` may see tokens: it is Google's, or in
 * google.trusted-hosts, or a person agrees now; that is added to the user's
 * configuration. what: who names the host, for the question ("the key file
 * 'key.json' has tokens made by"). A text that is no URL is passed over.
 * Errors: ERR_USAGE (nobody agreed), with how to; ERR_CONTENT, ERR_FAILED (the
 * user's configuration).
 */
int trust_host(const char *url, const char *what, struct strbuf *err);

#endif
