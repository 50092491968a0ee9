#!/bin/sh

test_description='messages in the language of the user'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

# C.UTF-8 is on every system with glibc; LANGUAGE gives it a language.
in_japanese () {
	LC_ALL=C.UTF-8 LANGUAGE=ja "$@"
}

test_lazy_prereq CATALOGS \
	'test -f "$BUILD_DIRECTORY/locale/ja/LC_MESSAGES/resutil.mo"'
test_lazy_prereq GETTEXT 'command -v xgettext && command -v msgmerge'

test_expect_success 'setup' '
	make_conf &&
	mkdir store &&
	make_exp aaaaaa_20240101T000001_one "id: $(test_id 1)" "state: done"
'

test_expect_success CATALOGS 'failures, talk, help and usage are translated' '
	test_expect_code 10 in_japanese resutil rev-exp nothing 2>err &&
	test_grep "実験 .nothing. は" err &&
	in_japanese resutil comment -l one two >out &&
	test_grep "名前を変えました" out &&
	in_japanese resutil help >out &&
	test_grep "実験を記録する" out &&
	in_japanese resutil comment -h >out &&
	test_grep "usage: resutil comment" out &&
	test_grep "ストア" out &&
	test_expect_code 129 in_japanese resutil comment 2>err &&
	test_grep "必要です" err
'

test_expect_success CATALOGS 'pages are, and their columns are as wide as they look' '
	make_exp aaaaab_20240101T000002_page "id: $(test_id 2)" "state: fail" \
		"exit_code: 3" "cmd: ./prog" "user: ann" "host: lab3" \
		"git: {commit_hash: 0123456789012345678901234567890123456789, branch: main}" &&
	mkdir results/aaaaab_20240101T000002_page/sub &&
	in_japanese resutil show page >out &&
	test_grep "^実験 aaaaab_" out &&
	grep "^状態:        fail、終了ステータス 3$" out &&
	grep "^コマンド:    ./prog$" out &&
	grep "^ID:          $(test_id 2)$" out &&
	grep "^コード:      0123456789.* (main)$" out &&
	(test_set_now 1720088155 && in_japanese resutil log page) >out &&
	grep "^状態:    fail、終了ステータス 3$" out &&
	grep "^コード:  0123456789.* (main)$" out && grep "、 *6 か月前$\|, 6 か月前$" out &&
	in_japanese resutil status >out &&
	test_grep "^プロジェクト project: 実験 2 個" out &&
	in_japanese resutil diff @~1 @ >out &&
	grep "^結果$" out && grep "fail" out &&
	in_japanese resutil rm -l -y page >out &&
	grep "^削除しました: aaaaab_[^ ]*$" out &&
	in_japanese resutil run -h >out && test_grep "FILE に書く" out
'

test_expect_success CATALOGS 'what the system says is readable' '
	test_expect_code 128 in_japanese resutil -C gone status 2>err &&
	test_grep "移れません: ." err && test_grep ! "[?][?]" err
'

test_expect_success 'one of a thing is not several' '
	make_exp aaaaac_20240101T000003_few "id: $(test_id 3)" "state: done" &&
	(
		cd results/aaaaac_20240101T000003_few && mkdir one two &&
		>one/a && >two/a && >two/b
	) &&
	resutil show few >out &&
	grep "one/  1 file$" out && grep "two/  2 files$" out
'

test_expect_success CATALOGS 'what scripts read is not' '
	for command in "list --json" "list-exps" "read-exp @" "help --completion-table" "version"
	do
		resutil $command >plain &&
		in_japanese resutil $command >actual &&
		test_cmp plain actual || return 1
	done
'

test_expect_success 'the C locale, also with LANGUAGE, is English' '
	test_expect_code 10 env LC_ALL=C LANGUAGE=ja resutil rev-exp nothing 2>err &&
	test_grep "there is no experiment" err &&
	test_expect_code 10 env -u LC_ALL -u LANG LANGUAGE=ja resutil rev-exp nothing 2>err &&
	test_grep "there is no experiment" err
'

test_expect_success 'a locale or a language that is not here is English' '
	test_expect_code 10 env LC_ALL=xx_XX.UTF-8 LANGUAGE=ja resutil rev-exp nothing 2>err &&
	test_grep "there is no experiment" err &&
	test_expect_code 10 env LC_ALL=C.UTF-8 LANGUAGE=xx resutil rev-exp nothing 2>err &&
	test_grep "there is no experiment" err
'

test_expect_success CATALOGS 'installed, too' '
	make -s -C "$SOURCE_DIRECTORY" B="$BUILD_DIRECTORY" \
		DESTDIR="$PWD/dest" install-built >/dev/null &&
	test_path_is_file dest/usr/local/share/locale/ja/LC_MESSAGES/resutil.mo &&
	test_expect_code 10 in_japanese dest/usr/local/bin/resutil rev-exp no 2>err &&
	test_grep "実験 .no. は" err
'

test_expect_success GETTEXT 'the catalogs are right, and have nearly all that the code says' '
	"$SOURCE_DIRECTORY"/tools/update-po --check &&
	# what stands before a macro in a sentence is not all of it
	test_grep ! "^msgid .* '\''\"$" "$SOURCE_DIRECTORY"/po/ja.po
'

test_expect_success GETTEXT 'a catalog whose formats do not fit is wrong' '
	mkdir copy && cd "$SOURCE_DIRECTORY" &&
	cp -r --parents tools/update-po po builtin/comment.c resutil.c \
		command-list.h "$TRASH_DIRECTORY"/copy &&
	cd "$TRASH_DIRECTORY"/copy && tools/update-po && tools/update-po --check &&
	msgid=$(sed -n "s/^msgid \(\".*%s.*\"\)$/\1/p" po/ja.po | sed 1d | sed 1q) &&
	test -n "$msgid" && sed "/^msgid/!s/%s/%d/" po/ja.po >new &&
	test_must_fail cmp new po/ja.po && mv new po/ja.po &&
	test_must_fail tools/update-po --check 2>err && test_grep "format" err
'

test_done
