/*
 * A range of an object as it comes over HTTP: what backends that do so have in
 * common.
 * Source: RFC 9110, section 14.
 */
#ifndef TRANSPORT_OBJECT_GET_H
#define TRANSPORT_OBJECT_GET_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"
#include "transport/transport.h"

/* No object is as large; nor need a service read larger numbers. */
#define OBJECT_OFFSET_MAX ((uint64_t)1 << 60)

/* What "Content-Range: bytes 5-9/10" says. */
struct object_part {
	uint64_t from, to;
	uint64_t size;		/* of the whole; 0: not said */
};

/* What is still to come of the bytes of an answer. */
struct object_rest {
	uint64_t skip;		/* in front of the range: not asked for */
	uint64_t room;		/* of the range, at most */
};

/** Adds "Range: bytes=5-9" for what is not the whole. The range is not empty,
 *  and begins at OBJECT_OFFSET_MAX at most. */
void object_range_ask(struct strvec *headers, const struct object_range *r);

/** Reads what a 206 says it is. ERR_CONTENT: it does not begin at `offset`, or
 *  has more than `room` bytes. */
int object_part_read(struct object_part *out, const struct http_answer *a,
		     uint64_t offset, uint64_t room, const struct transport *t,
		     const char *key, struct strbuf *err);

/** Cuts off what was not asked for; false: nothing is left. */
bool object_rest_cut(struct object_rest *rest, const void **buf, size_t *len);

/**
 * No byte is there to be had: an empty range, or one behind the end. What there
 * is is looked at, as the answer to such a range tells nothing.
 * wanted: bytes of it that have not come. version: set; or NULL.
 * Errors: those of stat; ERR_CONFLICT (another version); ERR_CONTENT (it ends
 * before the range); ERR_TRANSIENT (it grew since it was refused).
 */
int object_get_nothing(struct transport *t, const char *key,
		       const struct object_range *r, uint64_t wanted,
		       struct strbuf *version, struct strbuf *err);

#endif
