#include "lib/base/compat.h"
#include "lib/base/protobuf-wire.h"

#define FIELD_MAX 0x1fffffffu	/* 2^29 - 1 */

struct wire wire_of(const void *data, size_t len)
{
	struct wire w;

	w.at = data;
	w.end = w.at + len;
	return w;
}

size_t wire_len(const struct wire *w)
{
	return (size_t)(w->end - w->at);
}

/* At most ten bytes of seven bits, the lowest first. */
static bool read_varint(struct wire *w, uint64_t *out)
{
	unsigned shift;

	*out = 0;
	for (shift = 0; shift < 70 && w->at < w->end; shift += 7) {
		unsigned char c = *w->at++;

		if (shift == 63 && c > 1)
			return false;
		*out |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

/* `nr` bytes, the lowest first. */
static bool read_fixed(struct wire *w, size_t nr, uint64_t *out)
{
	size_t i;

	if (wire_len(w) < nr)
		return false;
	*out = 0;
	for (i = 0; i < nr; i++)
		*out |= (uint64_t)w->at[i] << (8 * i);
	w->at += nr;
	return true;
}

static bool read_bytes(struct wire *w, struct wire *out)
{
	uint64_t len;

	if (!read_varint(w, &len) || len > wire_len(w))
		return false;
	*out = wire_of(w->at, (size_t)len);
	w->at += len;
	return true;
}

int wire_next(struct wire *w, struct wire_field *field)
{
	uint64_t key;
	bool ok;

	memset(field, 0, sizeof(*field));
	if (w->at == w->end)
		return 0;
	if (!read_varint(w, &key) || key >> 3 > FIELD_MAX || !(key >> 3))
		return -1;
	field->number = (uint32_t)(key >> 3);
	field->type = (enum wire_type)(key & 7);
	switch (field->type) {
	case WIRE_VARINT:
		ok = read_varint(w, &field->bits);
		break;
	case WIRE_FIXED64:
		ok = read_fixed(w, 8, &field->bits);
		break;
	case WIRE_FIXED32:
		ok = read_fixed(w, 4, &field->bits);
		break;
	case WIRE_BYTES:
		ok = read_bytes(w, &field->bytes);
		break;
	default:
		ok = false;
	}
	return ok ? 1 : -1;
}

static double double_of(uint64_t bits)
{
	double real;

	memcpy(&real, &bits, sizeof(real));
	return real;
}

static double float_of(uint64_t bits)
{
	uint32_t half = (uint32_t)bits;
	float real;

	memcpy(&real, &half, sizeof(real));
	return (double)real;
}

bool wire_double(const struct wire_field *field, double *out)
{
	if (field->type != WIRE_FIXED64)
		return false;
	*out = double_of(field->bits);
	return true;
}

bool wire_float(const struct wire_field *field, double *out)
{
	if (field->type != WIRE_FIXED32)
		return false;
	*out = float_of(field->bits);
	return true;
}

bool wire_int(const struct wire_field *field, int64_t *out)
{
	if (field->type != WIRE_VARINT)
		return false;
	*out = (int64_t)field->bits;
	return true;
}

bool wire_unpack_double(struct wire *packed, double *out)
{
	uint64_t bits;

	if (!read_fixed(packed, 8, &bits))
		return false;
	*out = double_of(bits);
	return true;
}

bool wire_unpack_float(struct wire *packed, double *out)
{
	uint64_t bits;

	if (!read_fixed(packed, 4, &bits))
		return false;
	*out = float_of(bits);
	return true;
}

bool wire_unpack_int(struct wire *packed, int64_t *out)
{
	uint64_t bits;

	if (!read_varint(packed, &bits))
		return false;
	*out = (int64_t)bits;
	return true;
}
