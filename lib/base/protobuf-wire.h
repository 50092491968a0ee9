/*
 * The wire format of Protocol Buffers, read without a schema: who knows the
 * numbers of the fields picks what it wants, and passes over the rest.
 * Source: "Encoding" in the documentation of Protocol Buffers.
 */
#ifndef LIB_BASE_PROTOBUF_WIRE_H
#define LIB_BASE_PROTOBUF_WIRE_H

#include "lib/base/compat.h"

/** A message, lent. */
struct wire {
	const unsigned char *at, *end;
};

enum wire_type {
	WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t bits;			/* VARINT, FIXED64, FIXED32 */
	struct wire bytes;		/* BYTES */
};

struct wire wire_of(const void *data, size_t len);
size_t wire_len(const struct wire *w);

/** The next field: 1; 0: the end; -1: no message (cut off, a group, a number
 *  that is none). Nothing beyond `end` is read. */
int wire_next(struct wire *w, struct wire_field *field);

/** What a field says, when it is of that type; else false. */
bool wire_double(const struct wire_field *field, double *out);
bool wire_float(const struct wire_field *field, double *out);
/** int32, int64, uint64, enum, bool. */
bool wire_int(const struct wire_field *field, int64_t *out);

/** Numbers of a repeated field come packed (several in one field) or one by
 *  one. Takes the next out of `packed`: false: there is none. */
bool wire_unpack_double(struct wire *packed, double *out);
bool wire_unpack_float(struct wire *packed, double *out);
bool wire_unpack_int(struct wire *packed, int64_t *out);

#endif
