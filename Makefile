# resutil: everything that is built lands in build/, nothing else changes.
#
#   make              build programs, man pages and completions
#   make demo         install what is missing, build, and show a tour
#   make test         install what the tests need, build, run all of them
#   make check-fast   what to run before a commit (well under a minute)
#   make install      prefix=/usr/local DESTDIR=
#   make dist         a tarball, which builds without git and asciidoctor
#   make deb          Debian packages
#   make static       programs that need no library of the machine they run on
#   make help         all targets
#
# Settings go into config.mak (not tracked) or on the command line: CC, CFLAGS,
# LDFLAGS, prefix, DEVELOPER=1 (warnings are errors), FAULTS=1 (fault points),
# SANITIZE=address,undefined, B=DIR (build there), JOBS=N, V=1 (show commands),
# WITHOUT_ISAL=1 and WITHOUT_LIBDEFLATE=1 (zlib does their work), GENERIC=1 (no
# instruction that only some processors have), STATIC=1 (what `make static` made
# is installed), and any answer of pkg-config, such as YAML_LIBS or YAML_CFLAGS.

# The release that is worked on; after a tag, and in a tarball, it is said there.
RELEASE = 0.1.0
VERSION := $(shell sh tools/version $(RELEASE))
prefix = /usr/local
bindir = $(prefix)/bin
libexecdir = $(prefix)/libexec/resutil
sharedir = $(prefix)/share
mandir = $(sharedir)/man
pythondir = $(sharedir)/resutil/python
bashdir = $(sharedir)/bash-completion/completions
zshdir = $(sharedir)/zsh/site-functions
fishdir = $(sharedir)/fish/vendor_completions.d
localedir = $(sharedir)/locale

CC = gcc
CFLAGS = -O2 -g
PKG_CONFIG = pkg-config
ASCIIDOCTOR = asciidoctor
PYTHON = python3
JOBS := $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS = 20
-include config.mak

# What a command works on is shown; V=1 shows the command.
quiet = $(if $(V),,@printf '    %-4s %s\n' $(1) '$(@:$(B)/%=%)';)

comma := ,
B := build$(if $(SANITIZE),/san-$(subst $(comma),-,$(SANITIZE)))$(if $(FAULTS),/faults)
$(if $(word 2,$(B)),$(error B='$(B)': make knows no names with blanks; a relative one below \
	a directory that has some is fine))

all:: $(if $(STATIC),static,programs) man-if-possible completions catalogs

# ---- flags ----------------------------------------------------------------

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wdeclaration-after-statement -Wwrite-strings \
	-Wformat=2 -Wno-format-nonliteral -Wno-missing-field-initializers \
	-Wno-overlength-strings
ALL_CFLAGS = $(CFLAGS) -std=c99 -I. -pthread -ffunction-sections \
	-fdata-sections $(WARNINGS)
ALL_LDFLAGS = $(LDFLAGS) -pthread -Wl,--as-needed -Wl,--gc-sections -Wl,-O1
ifdef DEVELOPER
ALL_CFLAGS += -Werror
endif
ifdef SANITIZE
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
endif
ifdef FAULTS
ALL_CFLAGS += -DRESUTIL_FAULT_POINTS
endif
# Only the files that name one of these see it, so that installing under
# another prefix compiles two or three files again and not all of them.
PLACES = -DRESUTIL_VERSION='"$(VERSION)"' -DRESUTIL_PREFIX='"$(prefix)"' \
	-DRESUTIL_LIBEXEC='"$(libexecdir)"'

# A library is asked for by name only where it is needed: resutil links what
# `run` needs, a program under libexec/ carries the rest (start-up is a budget).
pc = $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null || echo $(3))
# Nobody is asked what config.mak, the command line or the environment say.
answer = $(if $(filter undefined,$(origin $(1))),\
	$(eval $(1) := $(call pc,$(2),$(3),$(4))))
$(call answer,YAML_CFLAGS,--cflags,yaml-0.1,)
$(call answer,YAML_LIBS,--libs,yaml-0.1,-lyaml)
$(call answer,JSON_CFLAGS,--cflags,jansson,)
$(call answer,JSON_LIBS,--libs,jansson,-ljansson)
$(call answer,EDIT_CFLAGS,--cflags,libedit,)
$(call answer,EDIT_LIBS,--libs,libedit,-ledit)
$(call answer,SQLITE_CFLAGS,--cflags,sqlite3,)
$(call answer,SQLITE_LIBS,--libs,sqlite3,-lsqlite3)
$(call answer,ZLIB_CFLAGS,--cflags,zlib,)
$(call answer,ZLIB_LIBS,--libs,zlib,-lz)
# Opened when they are needed, never linked: their headers alone.
$(call answer,CRYPTO_CFLAGS,--cflags,libcrypto,)
$(call answer,CURL_CFLAGS,--cflags,libcurl,)
$(call answer,EXPAT_CFLAGS,--cflags,expat,)

# Faster than zlib, and not on every system: used when they are there, or when
# config.mak says how to link them.
found = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes)
ifndef WITHOUT_ISAL
ifneq ($(or $(ISAL_LIBS),$(call found,libisal)),)
$(call answer,ISAL_CFLAGS,--cflags,libisal,)
$(call answer,ISAL_LIBS,--libs,libisal,)
WITH_ISAL := -DWITH_ISAL $(ISAL_CFLAGS)
PACK_LIBS += $(ISAL_LIBS)
endif
endif
ifndef WITHOUT_LIBDEFLATE
ifneq ($(or $(LIBDEFLATE_LIBS),$(call found,libdeflate)),)
$(call answer,LIBDEFLATE_CFLAGS,--cflags,libdeflate,)
$(call answer,LIBDEFLATE_LIBS,--libs,libdeflate,)
WITH_LIBDEFLATE := -DWITH_LIBDEFLATE $(LIBDEFLATE_CFLAGS)
PACK_LIBS += $(LIBDEFLATE_LIBS)
endif
endif
PACK_LIBS += $(ZLIB_LIBS)
ifdef GENERIC
ALL_CFLAGS += -DRESUTIL_GENERIC
endif

LIB_CFLAGS = $(YAML_CFLAGS) $(JSON_CFLAGS) $(EDIT_CFLAGS) $(SQLITE_CFLAGS) \
	$(ZLIB_CFLAGS) $(WITH_ISAL) $(WITH_LIBDEFLATE) $(CURL_CFLAGS) \
	$(EXPAT_CFLAGS)$(if $(CRYPTO_CFLAGS), $(CRYPTO_CFLAGS))
BASE_LIBS = $(YAML_LIBS) $(JSON_LIBS) -ldl
# What lib/base/stats.h needs, and `resutil` is not linked with.
MATH_LIBS = -lm

# ---- files ----------------------------------------------------------------

LIB_SRC := $(sort $(wildcard lib/base/*.c lib/wrap/*.c lib/exp/*/*.c \
	lib/sync/*.c transport/*.c transport/*/*.c))
CMD_SRC := $(sort $(wildcard builtin/*.c plumbing/*.c))
UNIT_SRC := $(sort $(wildcard t/unit/test-*.c))
HELPER_SRC := $(sort $(wildcard t/helper/*.c))
FUZZ_SRC := $(sort $(wildcard t/fuzz/*.c))
HEADERS := $(sort $(filter-out command-list.h,$(wildcard *.h */*.h */*/*.h)))
PAGES := $(sort $(wildcard Documentation/resutil*.adoc))
TEXTS := $(sort $(wildcard Documentation/technical/*.adoc \
	Documentation/RelNotes/*.adoc Documentation/RelNotes/*/*.adoc \
	Documentation/benchmarks.adoc))
CONFIG_PAGES := $(sort $(wildcard Documentation/config/*.adoc))
PLACE_SRC := $(shell grep -l 'RESUTIL_\(VERSION\|PREFIX\|LIBEXEC\)' \
	resutil.c $(LIB_SRC) $(CMD_SRC) 2>/dev/null)

# What runs on the hosts of ssh stores, as text.
SSH_SCRIPT := $(addprefix transport/ssh/,ssh-base.sh ssh-read.sh ssh-write.sh \
	ssh-lock.sh ssh-put.sh ssh-change.sh)

OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(CMD_SRC:%.c=$(B)/%.o) \
	$(B)/transport/ssh/ssh-script.o
UNIT_BIN := $(UNIT_SRC:t/unit/%.c=$(B)/unit/%)
HELPER_BIN := $(HELPER_SRC:t/helper/%.c=$(B)/helper/%)
FUZZ_BIN := $(FUZZ_SRC:t/fuzz/%.c=$(B)/fuzz/%)

# The programs under libexec/: resutil.c again, with the commands that live there.
LIBEXEC := edit index pack
LIBEXEC_BIN := $(LIBEXEC:%=$(B)/libexec/resutil-%)
LIBEXEC_OBJ := $(LIBEXEC:%=$(B)/resutil-%.o)
PROGRAMS := $(B)/resutil $(LIBEXEC_BIN)

# ---- programs -------------------------------------------------------------

# With fault points also what makes calls in a given order, for their tests.
programs: $(PROGRAMS) $(B)/python $(B)/python-votakvot $(if $(FAULTS),$(B)/helper/sys-calls)

# Where a program of the build tree finds the Python package.
$(B)/python:
	@mkdir -p $(@D)
	@ln -sfn '$(abspath python)' $@

$(B)/python-votakvot:
	@mkdir -p $(@D)
	@ln -sfn '$(abspath python/votakvot-shim)' $@

# Rewritten only when its text changes, so that other flags mean a rebuild.
define keep-text
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(1))' >$@.new; \
	if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi
endef

$(B)/flags: FORCE
	$(call keep-text,$(CC) $(ALL_CFLAGS) $(LIB_CFLAGS) $(ALL_LDFLAGS) \
		$(BASE_LIBS) $(EDIT_LIBS) $(PACK_LIBS) $(SQLITE_LIBS))

$(B)/places: FORCE
	$(call keep-text,$(PLACES))

# The names of the objects: a file that went away must leave the archive too.
$(B)/objects: FORCE
	$(call keep-text,$(OBJ))

# Says which package is missing, where the compiler would say which header.
$(B)/libs-found: $(B)/flags tools/find-libs
	@CC='$(CC)' sh tools/find-libs $(CFLAGS) $(LIB_CFLAGS)
	@touch $@

$(B)/liball.a: $(OBJ) $(B)/objects
	@rm -f $@
	$(call quiet,ar)$(AR) rcs $@ $(OBJ)

$(B)/resutil: $(B)/resutil.o $(B)/liball.a
	$(call quiet,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BASE_LIBS)

$(B)/libexec/resutil-edit: $(B)/resutil-edit.o $(B)/liball.a
	@mkdir -p $(@D)
	$(call quiet,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BASE_LIBS) $(EDIT_LIBS)

$(B)/libexec/resutil-index: $(B)/resutil-index.o $(B)/liball.a
	@mkdir -p $(@D)
	$(call quiet,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BASE_LIBS) $(PACK_LIBS) \
		$(SQLITE_LIBS) $(MATH_LIBS)

$(B)/libexec/resutil-pack: $(B)/resutil-pack.o $(B)/liball.a
	@mkdir -p $(@D)
	$(call quiet,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BASE_LIBS) $(PACK_LIBS)

compile = $(CC) $(ALL_CFLAGS) $(LIB_CFLAGS) \
	$(if $(filter $<,$(PLACE_SRC)),$(PLACES)) -MMD -MP

$(PLACE_SRC:%.c=$(B)/%.o) $(LIBEXEC_OBJ): $(B)/places

$(LIBEXEC_OBJ): $(B)/resutil-%.o: resutil.c $(B)/flags | $(B)/libs-found
	@mkdir -p $(@D)
	$(call quiet,cc)$(compile) -DPROGRAM_$* -c -o $@ $<

$(B)/%.o: %.c $(B)/flags | $(B)/libs-found
	@mkdir -p $(@D)
	$(call quiet,cc)$(compile) -c -o $@ $<

$(B)/transport/ssh/ssh-script.c: $(SSH_SCRIPT) tools/embed-script
	@mkdir -p $(@D)
	@sh tools/embed-script ssh_script transport/ssh/ssh-internal.h \
		$(SSH_SCRIPT) >$@

$(B)/transport/ssh/ssh-script.o: $(B)/transport/ssh/ssh-script.c $(B)/flags
	$(call quiet,cc)$(compile) -c -o $@ $<

$(B)/unit/%: $(B)/t/unit/%.o $(B)/liball.a
	@mkdir -p $(@D)
	$(call quiet,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BASE_LIBS) $(PACK_LIBS) \
		$(SQLITE_LIBS) $(MATH_LIBS)

$(B)/helper/%: $(B)/t/helper/%.o $(B)/liball.a
	@mkdir -p $(@D)
	$(call quiet,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BASE_LIBS) $(PACK_LIBS) \
		-lutil $(SQLITE_LIBS) $(MATH_LIBS) $(HELPER_LIBS)

# What is compared with our own use of it uses it alone.
$(call answer,CURL_LIBS,--libs,libcurl,-lcurl)
$(B)/helper/http-limit: HELPER_LIBS = $(CURL_LIBS)

include packaging/packaging.mak

-include $(OBJ:.o=.d) $(B)/resutil.d $(LIBEXEC_OBJ:.o=.d)
-include $(UNIT_SRC:%.c=$(B)/%.d) $(HELPER_SRC:%.c=$(B)/%.d)

# ---- pages and completions ------------------------------------------------

# Pieces of pages that are made from code and from other pages; the pages say
# include::{generated}/NAME[].
GENERATED := $(B)/doc/command-list.adoc $(B)/doc/config-list.adoc
ADOC_FLAGS = -a generated='$(abspath $(B)/doc)' -a revnumber=$(VERSION)

$(B)/doc/command-list.adoc: command-list.h tools/command-table
	@command -v $(PYTHON) >/dev/null || { echo "resutil: the manual needs" \
		"$(PYTHON): 'make deps' installs it" >&2; exit 1; }
	@mkdir -p $(@D)
	@$(PYTHON) tools/command-table adoc >$@

$(B)/doc/config-list.adoc: $(CONFIG_PAGES) tools/config-list
	@mkdir -p $(@D)
	@sh tools/config-list $(CONFIG_PAGES) >$@

# The page of pages is made by a script of its own when that is there.
EVERYDAY := $(if $(wildcard tools/make-everyday),$(B)/doc/resutil-everyday.adoc)
ifneq ($(EVERYDAY),)
$(EVERYDAY): tools/make-everyday $(PAGES)
	@mkdir -p $(@D)
	@tools/make-everyday >$@
endif

man-if-possible:
	@if command -v $(ASCIIDOCTOR) >/dev/null || test -d Documentation/man; then \
		$(MAKE) --no-print-directory -s man; \
	else \
		echo "no man pages: asciidoctor is missing (make deps installs it)"; \
	fi

man: $(B)/man/done

# One process for all pages: starting it costs more than a page.
$(B)/man/done: $(PAGES) $(GENERATED) $(EVERYDAY) tools/make-man \
		tools/tidy-man.awk
	@echo "    man  pages of the manual"
	@ASCIIDOCTOR='$(ASCIIDOCTOR)' sh tools/make-man $(B)/man \
		$(ADOC_FLAGS) $(PAGES) $(EVERYDAY)
	@touch $@

html: $(PAGES) $(GENERATED) $(EVERYDAY)
	@echo "    html pages of the manual, from $(B)/html/index.html on"
	@ASCIIDOCTOR='$(ASCIIDOCTOR)' $(PYTHON) tools/make-html $(B)/html \
		$(ADOC_FLAGS) $(PAGES) $(EVERYDAY) $(TEXTS)

COMPLETIONS := $(if $(wildcard tools/make-completion),$(B)/completion/done)

completions: $(COMPLETIONS)

$(B)/completion/done: tools/make-completion $(wildcard completion/*) \
		$(CONFIG_PAGES) $(PROGRAMS)
	@$(PYTHON) tools/make-completion $(B)/resutil $(B)/completion
	@touch $@

# Messages in other languages; without msgfmt they are English.
CATALOGS := $(if $(shell command -v msgfmt),$(patsubst \
	po/%.po,$(B)/locale/%/LC_MESSAGES/resutil.mo,$(wildcard po/*.po)))

catalogs: $(CATALOGS)

$(B)/locale/%/LC_MESSAGES/resutil.mo: po/%.po
	@mkdir -p $(@D)
	@msgfmt --check-format --output-file=$@ $<

# ---- set-up, tour, installation -------------------------------------------

deps:
	@sh tools/install-deps build

test-deps:
	@sh tools/install-deps build test

# These run make again: what was just installed must be seen from the start.
again = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

demo:
	@sh tools/install-deps build
	@$(again) all
	@RESUTIL='$(abspath $(B))/resutil' sh examples/demo.sh

INSTALL = install

install: $(if $(STATIC),static,programs) man completions catalogs
	@$(MAKE) --no-print-directory install-built

# Only copies, so that a test can install what it tests.
FROM = $(B)$(if $(STATIC),/static)
install-built:
	@$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(libexecdir)'
	@$(INSTALL) -m 755 $(FROM)/resutil '$(DESTDIR)$(bindir)/'
	@$(INSTALL) -m 755 $(LIBEXEC:%=$(FROM)/libexec/resutil-%) \
		'$(DESTDIR)$(libexecdir)/'
	@sh tools/install-files install '$(DESTDIR)$(mandir)' $(B)/man
	@sh tools/install-files install '$(DESTDIR)$(bashdir)' $(B)/completion/bash
	@sh tools/install-files install '$(DESTDIR)$(zshdir)' $(B)/completion/zsh
	@sh tools/install-files install '$(DESTDIR)$(fishdir)' $(B)/completion/fish
	@sh tools/install-files install '$(DESTDIR)$(localedir)' $(B)/locale
	@PYTHON='$(PYTHON)' sh tools/install-python install '$(DESTDIR)' \
		'$(bindir)' '$(pythondir)'
	@echo "resutil is installed in $(DESTDIR)$(prefix)"

uninstall:
	rm -f '$(DESTDIR)$(bindir)/resutil'
	rm -rf '$(DESTDIR)$(libexecdir)'
	@sh tools/install-files remove '$(DESTDIR)$(mandir)' $(B)/man
	@sh tools/install-files remove '$(DESTDIR)$(bashdir)' $(B)/completion/bash
	@sh tools/install-files remove '$(DESTDIR)$(zshdir)' $(B)/completion/zsh
	@sh tools/install-files remove '$(DESTDIR)$(fishdir)' $(B)/completion/fish
	@sh tools/install-files remove '$(DESTDIR)$(localedir)' $(B)/locale
	@sh tools/install-python remove '$(DESTDIR)' '$(bindir)' '$(pythondir)'

clean:
	rm -rf build

# ---- tests ----------------------------------------------------------------

TESTS = $(sort $(notdir $(wildcard t/t[0-9]*.sh)))
PROVE = prove -j$(JOBS) --exec 'sh $(CURDIR)/tools/run-test'
TAP_DIR = $(abspath $(B))/tap

test-programs: programs $(UNIT_BIN) $(HELPER_BIN) variants

test:
	@sh tools/install-deps build test
	@$(again) prove

# Tests that make a system call fail want a program with fault points; all
# others what people get.
FAULTY = $(B)$(if $(FAULTS),,/faults)
fault-programs:
ifndef FAULTS
	@$(MAKE) --no-print-directory FAULTS=1 B=$(B)/faults programs
endif

# The same without looking for packages.
prove: all test-programs fault-programs
	@rm -rf $(TAP_DIR) && mkdir -p $(TAP_DIR)
	@status=0; \
	export RESUTIL_TEST_ROOT="$${RESUTIL_TEST_ROOT-$$(sh tools/test-root)}"; \
	(cd t && RESUTIL_TEST_BUILD='$(abspath $(B))' TAP_DIR=$(TAP_DIR) \
		$(PROVE) $(abspath $(UNIT_BIN)) $(TESTS)) || status=$$?; \
	sh tools/show-skipped $(TAP_DIR) && exit $$status

unit: $(UNIT_BIN)
	@$(PROVE) $(UNIT_BIN)

# The whole suite with a build in which bad memory accesses, undefined behaviour
# and leaks end the program with a status that no test expects.
test-asan:
	@$(again) SANITIZE=address,undefined DEVELOPER=1 prove

# What has threads, with the thread sanitizer: packing, hashing, unpacking,
# sending, fetching, stores, HTTP, reading trials, asking for packages, and a
# few seconds of many at once.
TSAN_TESTS = t1500-hash-experiment.sh t1510-hash-cache.sh t1710-read-trials.sh \
	t1762-meta-python.sh t3100-pack-exp.sh t3104-pack-sizes.sh \
	t3105-pack-failures.sh t3110-pack-changing.sh t3220-verify-pack.sh \
	t4000-update-index.sh t4002-index-random.sh t4003-index-crowd.sh \
	t3300-unpack-exp.sh t3310-unpack-limits.sh t3500-round-trip.sh \
	t5000-transport-dir.sh t5020-store-retry.sh t5021-store-faults.sh \
	t5022-store-races.sh t5210-stat-remote.sh t5220-remote-packs.sh \
	t5230-ledger.sh t5300-send-pack.sh t5310-send-conflicts.sh \
	t5320-send-changing.sh t5400-fetch-exp.sh t5405-fetch-some.sh \
	t5407-fetch-faults.sh t5600-check-store.sh t5700-http-tls.sh \
	t5703-http-luck.sh t5705-limit-rate.sh t5720-s3-contract.sh \
	t5722-s3-conditions.sh t5731-s3-resume.sh t5733-s3-remove-many.sh \
	t5734-s3-parts.sh t5742-aws-machine.sh t5744-s3-keys.sh \
	t5760-s3-faults.sh t5770-partial-access.sh t5772-few-requests.sh \
	t5820-gcs-contract.sh t5823-gcs-refused.sh t5831-gcs-resume.sh \
	t5912-ssh-sharing.sh \
	t5920-ssh-contract.sh \
	t6024-sync-keys-races.sh t6026-sync-keys-random.sh \
	t7400-list-store.sh t7645-checkpoint-every.sh t7650-monitor.sh \
	t9120-random-sharing.sh t9130-stress.sh t9160-story-s3.sh
test-tsan:
	@$(again) SANITIZE=thread DEVELOPER=1 TESTS='$(TSAN_TESTS)' prove

# Many workers at once and a model of what they were told; what was lost is kept,
# and the line that does it again is printed. STRESS_SEED=0: any seed.
STRESS_SECONDS = 120
STRESS_WORKERS = 100
STRESS_SEED = 0
stress: all test-programs fault-programs
	@dir=$$(mktemp -d) && PATH='$(abspath $(B))':"$$PATH" \
		$(PYTHON) t/stress/stress.py "$$dir/stress" \
		--seconds=$(STRESS_SECONDS) --workers=$(STRESS_WORKERS) \
		--seed=$(STRESS_SEED) --faulty='$(abspath $(FAULTY))/resutil' && \
	rmdir "$$dir"

# Each operation fails at each of its steps; ends with "N points, 0 lost".
test-crash: fault-programs
	@$(PYTHON) t/crash/crash.py --build='$(abspath $(FAULTY))' -j $(JOBS)

FUZZ_FLAGS = CC=clang SANITIZE=fuzzer-no-link,address,undefined B=build/fuzz
fuzz:
	@$(again) $(FUZZ_FLAGS) fuzz-programs
	@JOBS=$(JOBS) FUZZ_SECONDS=$(FUZZ_SECONDS) sh tools/run-fuzz build/fuzz
fuzz-programs: $(FUZZ_BIN)
$(B)/fuzz/%: $(B)/t/fuzz/%.o $(B)/liball.a
	@mkdir -p $(@D)
	$(call quiet,link)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ \
		$(BASE_LIBS) $(PACK_LIBS) $(SQLITE_LIBS) $(MATH_LIBS)

# Which lines the tests reach, of the program that people get and of the one
# with fault points together; fails below what tools/coverage asks.
COVERAGE_FLAGS = B=build/coverage \
	CFLAGS='-O0 -g --coverage -fprofile-update=atomic -DRESUTIL_COVERAGE' \
	LDFLAGS=--coverage
coverage:
	@$(again) $(COVERAGE_FLAGS) all test-programs fault-programs
	@find build/coverage -name '*.gcda' -delete
	@sh tools/open-counters build/coverage
	@status=0; \
	GCOV_ERROR_FILE=/dev/null $(again) $(COVERAGE_FLAGS) prove || status=$$?; \
	$(PYTHON) tools/coverage build/coverage && exit $$status

# What takes longer than a change should wait for: about two hours on 4
# processors, half of it fuzzing. To be run once before a release, and after work
# on its subjects. Removing a million files may take minutes, hence TEST_TIMEOUT.
LONG_FUZZ_SECONDS = 600
LONG_STRESS_SECONDS = 300
check-long:
	@$(again) test-crash
	@$(again) STRESS_SECONDS=$(LONG_STRESS_SECONDS) stress
	@$(again) test-tsan
	@RESUTIL_TEST_EXPENSIVE=1 TEST_TIMEOUT=7200 $(again) prove
	@$(again) coverage
	@$(again) FUZZ_SECONDS=$(LONG_FUZZ_SECONDS) fuzz

# Writes the page of benchmarks anew, with the figures of this machine.
perf: all test-programs
	@sh tools/make-benchmarks '$(abspath $(B))' Documentation/benchmarks.adoc

# ---- checks ---------------------------------------------------------------

HEADERS_OK := $(HEADERS:%=$(B)/hdr/%.ok)

# Each header must compile with nothing before it but compat.h.
hdr-check: $(HEADERS_OK)

$(B)/hdr/%.ok: % $(HEADERS) $(B)/flags
	@mkdir -p $(@D)
	@printf '#include "%s"\n' lib/base/compat.h $< | \
		$(CC) $(ALL_CFLAGS) $(LIB_CFLAGS) -Werror -Wno-unused-function \
		-Wno-unused-variable -fsyntax-only -x c -
	@touch $@

style:
	@$(PYTHON) tools/check-style

check-layers:
	@$(PYTHON) tools/check-layers

check-commands: programs
	@$(PYTHON) tools/check-commands $(B)/resutil
	@$(PYTHON) tools/check-outputs $(B)/resutil
	@$(PYTHON) tools/check-environment

check-docs: $(GENERATED) $(EVERYDAY)
	@$(PYTHON) tools/check-docs $(B)/doc
	@ASCIIDOCTOR='$(ASCIIDOCTOR)' sh tools/make-man --check $(B)/doc/man \
		$(ADOC_FLAGS) $(PAGES) $(EVERYDAY)
	@$(ASCIIDOCTOR) --failure-level=WARN -o /dev/null $(TEXTS)

lint:
	@sh tools/lint

check-fast:
	@$(again) all test-programs hdr-check
	@$(again) style check-layers check-commands
	@$(PROVE) $(UNIT_BIN)

check: check-fast check-docs lint

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile
	@echo 'more: programs man html completions deps test-deps uninstall clean'
	@echo '      prove unit test-asan test-tsan test-crash stress fuzz coverage perf'
	@echo '      check check-long hdr-check style check-layers check-commands'
	@echo '      check-docs lint'

.PHONY: all programs man man-if-possible html completions deps test-deps demo \
	install install-built uninstall clean test prove unit test-programs \
	fault-programs test-asan test-tsan test-crash stress fuzz fuzz-programs \
	coverage perf hdr-check style check-layers check-commands check-docs lint \
	check-fast check check-long help FORCE
.SECONDARY:
.DELETE_ON_ERROR:
