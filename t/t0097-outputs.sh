#!/bin/sh

test_description='outputs that are promised are what they were, byte for byte

t/fixtures/output has a file for each command, with commands and what they
write. Each is made anew here, by itself, in an ordinary environment and in one
that would change it if language, numbers, colours or widths got into it. What
is meant to change is written down by

	OUTPUTS_UPDATE=t sh t0097-outputs.sh

and read by the eye, for scripts have to read it, too.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-outputs.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720089000
outputs=$TEST_DIRECTORY/fixtures/output

# A locale of Japan whose numbers have a comma. Where it cannot be made, that of
# nowhere has at least its language.
strange_locale () {
	locales=$TEST_TOP_DIRECTORY/locales language=
	mkdir "$locales" &&
	sed -e 's/^decimal_point.*/decimal_point ","/' \
		-e 's/^thousands_sep.*/thousands_sep "."/' \
		/usr/share/i18n/locales/ja_JP >"$locales/source" &&
	localedef -i "$locales/source" -f UTF-8 "$locales/ja_JP.UTF-8" &&
	locale=ja_JP.UTF-8 || {
		locale=C.UTF-8 language=ja
	}
}

# as_elsewhere COMMAND...: for somebody there who likes colours, in a narrow
# terminal
as_elsewhere () {
	LOCPATH=$locales LC_ALL=$locale LANGUAGE=$language COLUMNS=20 \
		TERM=xterm RESUTIL_CONFIG_COUNT=1 \
		RESUTIL_CONFIG_KEY_0=color.ui RESUTIL_CONFIG_VALUE_0=always "$@"
}

# same_outputs FILE [COMMAND]...: in a place of its own
same_outputs () {
	same_file=$1 && shift &&
	rm -rf place && cp -Rp template place && mkdir place/home &&
	(
		cd place/project && HOME=$TRASH_DIRECTORY/place/home &&
		export HOME &&
		"$@" python3 -B "$TEST_DIRECTORY"/helper/outputs.py \
			"$outputs/$same_file" "$TRASH_DIRECTORY/place"
	) >actual || return 1
	if test -n "$OUTPUTS_UPDATE" && test $# = 0
	then
		cp actual "$outputs/$same_file"
	fi
	test_cmp "$outputs/$same_file" actual
}

test_expect_success 'setup' '
	make_outputs_place template &&
	strange_locale
'

test_lazy_prereq CATALOGS \
	'test -f "$BUILD_DIRECTORY/locale/ja/LC_MESSAGES/resutil.mo"'

test_expect_success CATALOGS 'the other environment is another one' '
	as_elsewhere test_expect_code 10 \
		resutil -C template/project rev-exp none 2>err &&
	test_grep "実験 .none. は" err &&
	as_elsewhere resutil -C template/project list >out &&
	test_grep "$(printf "\033\[")" out
'

for file in "$outputs"/*
do
	name=${file##*/}
	test_expect_success PYTHON "outputs of $name" '
		same_outputs "$name" && same_outputs "$name" as_elsewhere
	'
done

test_done
