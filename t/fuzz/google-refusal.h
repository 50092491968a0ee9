/*
 * What is no success of a service of Google, for the fuzz targets of its
 * stores: the same words of a page, whoever explains them.
 */
#ifndef FUZZ_GOOGLE_REFUSAL_H
#define FUZZ_GOOGLE_REFUSAL_H

#include "lib/base/compat.h"
#include "t/fuzz/fuzz.h"
#include "transport/google/google-error.h"

/* The status of an answer, by the first byte of the input. */
static inline int google_status(const uint8_t *data, size_t len)
{
	static const int statuses[] = {
		200, 308, 400, 401, 403, 404, 409, 410, 412, 416, 429, 500, 503
	};

	return len ? statuses[*data % ARRAY_SIZE(statuses)] : 200;
}

static inline void check_refusal(struct google_api *api, const char *path,
				 int status, const char *text, size_t len)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", path);
	struct strbuf err = STRBUF_INIT;

	c.answer.status = status;
	strbuf_add(&c.answer.body, text, len);
	google_error_read(&c);
	MUST(google_fail_answer(api, &c, &err) < 0);
	must_be_sentence(&err);
	google_call_release(&c);
	strbuf_release(&err);
}

#endif
