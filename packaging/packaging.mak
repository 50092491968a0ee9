# What is given to others: tarballs, Debian packages, static programs. And the
# program as it is without what not every machine has, to be tested.

# ---- programs that differ in a few objects ----------------------------------

# Only what names one of these is compiled again; it comes before the archive,
# whose objects of that name are passed over then.
VARIANT_SRC := $(shell grep -l -e WITH_ISAL -e WITH_LIBDEFLATE \
	-e ZSTREAM_ENGINES -e LIBRARY_SYMBOL -e RESUTIL_STATIC \
	-e RESUTIL_GENERIC resutil.c $(LIB_SRC) $(CMD_SRC) 2>/dev/null)

# variant,NAME,FLAGS: $(B)/NAME/ is laid out as $(B) is. What NAME-link makes of
# the objects that it gets is the program; NAME-libs are the libraries of each.
define variant
$(1)-obj := $(VARIANT_SRC:%.c=$(B)/$(1)/%.o)
$(1)-programs := $(PROGRAMS:$(B)/%=$(B)/$(1)/%) $(B)/$(1)/python \
	$(B)/$(1)/python-votakvot $(B)/$(1)/locale $(B)/$(1)/helper

$(B)/$(1)/%.o: %.c $(B)/flags | $(B)/libs-found
	@mkdir -p $$(@D)
	$$(call quiet,cc)$$(compile) $(2) -c -o $$@ $$<

$$(filter $(PLACE_SRC:%.c=$(B)/$(1)/%.o),$$($(1)-obj)): $(B)/places

$(B)/$(1)/resutil: $(B)/resutil.o $$($(1)-obj) $(B)/liball.a
	$$(call quiet,link)$$(call $(1)-link,$$($(1)-base))

$(B)/$(1)/libexec/resutil-%: $(B)/resutil-%.o $$($(1)-obj) $(B)/liball.a
	@mkdir -p $$(@D)
	$$(call quiet,link)$$(call $(1)-link,$$($(1)-$$*) $$($(1)-base))

$(addprefix $(B)/$(1)/,python python-votakvot locale helper):
	@mkdir -p $$(@D) && ln -sfn ../$$(@F) $$@

-include $$($(1)-obj:.o=.d)
endef

# ---- static -----------------------------------------------------------------

# libcrypto is opened at run time elsewhere, and is in these. Not so libcurl, which
# brings forty libraries that have no archives, and expat, which reads what comes
# by it: stores that speak HTTP are not for static programs.
$(call answer,STATIC_BASE_LIBS,--static --libs,yaml-0.1 jansson libcrypto,\
	-lyaml -ljansson -lcrypto -ldl -pthread)
$(call answer,STATIC_EDIT_LIBS,--static --libs,libedit,-ledit -ltinfo -lbsd)
$(call answer,STATIC_SQLITE_LIBS,--static --libs,sqlite3,-lsqlite3 -lm -lz)

# Debian has no archive of ISA-L.
archive = $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a 2>/dev/null))
static-has = $(and $(WITH_$(1)),$(call archive,$(2)))
static-isal = $(call static-has,ISAL,isal)
static-deflate = $(call static-has,LIBDEFLATE,deflate)
STATIC_CFLAGS = -DRESUTIL_STATIC $(if $(static-isal),,-UWITH_ISAL) \
	$(if $(static-deflate),,-UWITH_LIBDEFLATE)

static-base = $(STATIC_BASE_LIBS)
static-edit = $(STATIC_EDIT_LIBS)
static-pack = $(if $(static-isal),-lisal) $(if $(static-deflate),-ldeflate) -lz
static-index = $(static-pack) $(STATIC_SQLITE_LIBS) $(MATH_LIBS)
static-link = sh tools/link-static $(CC) $(ALL_LDFLAGS) -static -o $@ $^ $(1)

$(eval $(call variant,static,$$(STATIC_CFLAGS)))

static: $(static-programs)

# ---- without what not every machine has -------------------------------------

# Neither ISA-L nor libdeflate nor instructions that only some processors have.
# What is not used is left out, but with sanitizers, which keep all.
plain-kept = $(if $(SANITIZE),$(ZLIB_LIBS))
plain-base = $(BASE_LIBS) $(plain-kept)
plain-edit = $(EDIT_LIBS) $(plain-kept)
plain-pack = $(ZLIB_LIBS)
plain-index = $(ZLIB_LIBS) $(SQLITE_LIBS) $(MATH_LIBS)
plain-link = $(CC) $(ALL_LDFLAGS) -o $@ $^ $(1)

$(eval $(call variant,plain,-UWITH_ISAL -UWITH_LIBDEFLATE -DRESUTIL_GENERIC))

plain: $(plain-programs)

# What tests want besides. A sanitizer needs the loader, which static programs do
# without; fault points replace functions of libyaml, which an archive has twice
# then; and not every system has archives.
variants: plain
ifeq ($(SANITIZE)$(FAULTS),)
	@! sh tools/link-static --check $(CC) $(static-base) $(static-edit) \
		$(static-index) || $(MAKE) --no-print-directory static
endif

# ---- tarball, packages ------------------------------------------------------

DIST = $(B)/dist
DEB = $(B)/deb

dist:
	@ASCIIDOCTOR='$(ASCIIDOCTOR)' MAKE='$(MAKE)' \
		sh tools/make-dist '$(VERSION)' '$(DIST)' $(DIST_PAGES)

# DEB_BUILT=DIR: packs what was built there, and compiles nothing.
deb:
	@DEB_BUILT='$(abspath $(DEB_BUILT))' sh tools/make-deb '$(VERSION)' \
		'$(DEB)'

.PHONY: static plain variants dist deb
