/*
 * Objects and what belongs to them, for the files of this room.
 */
#ifndef TRANSPORT_OBJECT_H
#define TRANSPORT_OBJECT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "transport/transport.h"

/** 0, or ERR_USAGE: metadata that not every store takes. */
int object_meta_check(const struct strvec *meta, struct strbuf *err);

#endif
