#!/bin/sh

test_description='what Tab completes behind a colon, behind --, behind an alias

and values of options and settings; and that nobody hears of what is wrong.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-completion.sh

nice=aapfup_20240704T191555_nice
blank='aapfuq_20240704T191600_with blank'
q_blank='aapfuq_20240704T191600_with\ blank'

test_expect_success 'setup' '
	make_conf project &&
	(
		cd project &&
		make_exp "$nice" "params: {lr: 0.1, layers: 3}" \
			"at: {created: \"2024-07-04T19:15:55+09:00\"}" &&
		make_exp "$blank" "params: {lr: 0.2}" \
			"at: {created: \"2024-07-04T19:16:00+09:00\"}" &&
		mkdir "results/$nice/plots" && >"results/$nice/plots/loss.svg" &&
		>"results/$nice/out.txt" && >"results/$nice/two words.txt" &&
		>"results/$nice/日本.csv" && >"results/$blank/only.txt" &&
		>a-file && mkdir a-dir && resutil update-index
	) &&
	make_conf empty && mkdir nowhere broken &&
	echo "project_name: [" >broken/resutil-conf.yaml &&
	resutil config set --user alias.sh-ow show &&
	resutil config set --user alias.deep "sh-ow --json" &&
	resutil config set --user alias.top "list -n 3" &&
	resutil config set --user alias.traced "-c color.ui=never run -m x" &&
	resutil config set --user alias.shell "!ls" &&
	make_shells
'

test_expect_success BASH,PTY 'bash: paths in an experiment' '
	in_bash "resutil show $nice:o\t" "resutil show $nice:out.txt " \
		"resutil show $nice:pl\t" "resutil show $nice:plots/" \
		"resutil show $nice:plots/l\t" "resutil show $nice:plots/loss.svg " \
		"resutil show nice:tw\t" "resutil show nice:two\\ words.txt " \
		"resutil show nice:日\t" "resutil show nice:日本.csv " \
		"resutil show with\\\\ blank:on\t" "resutil show with\\ blank:only.txt " \
		"resutil show @:on\t" "resutil show @:only.txt " \
		"resutil show none:o\t" "resutil show none:o" \
		"resutil show x --json nice:ou\t" "resutil show x --json nice:out.txt "
'

test_expect_success BASH,PTY 'bash: behind --' '
	in_bash "resutil pull $nice -- ou\t" "resutil pull $nice -- out.txt " \
		"resutil pull $nice -- x plots/\t" "resutil pull $nice -- x plots/loss.svg " \
		"resutil pull gone -- on\t" "resutil pull gone -- only.txt " \
		"resutil pull $nice -- aapf\t" "resutil pull $nice -- aapf" \
		"resutil diff $nice @ -- ou\t" "resutil diff $nice @ -- out.txt " \
		"resutil show -- aapfup\t" "resutil show -- $nice " \
		"resutil run -- cat a-f\t" "resutil run -- cat a-file "
'

test_expect_success BASH,PTY 'bash: behind an alias' '
	in_bash "resutil sh-ow aapfup\t" "resutil sh-ow $nice " \
		"resutil sh-ow nice:ou\t" "resutil sh-ow nice:out.txt " \
		"resutil deep aapfuq\t" "resutil deep $q_blank " \
		"resutil top --sta\t" "resutil top --state=" \
		"resutil top --state=don\t" "resutil top --state=done " \
		"resutil traced cat a-f\t" "resutil traced cat a-file " \
		"resutil -C . sh-ow aapfup\t" "resutil -C . sh-ow $nice " \
		"resutil shell a-f\t" "resutil shell a-file " \
		"resutil unknown a-f\t" "resutil unknown a-file "
'

test_expect_success BASH,PTY 'bash: values' '
	in_bash "resutil list --format=cs\t" "resutil list --format=csv " \
		"resutil log --format ts\t" "resutil log --format tsv " \
		"resutil report --sort=-params.lr\t" "resutil report --sort=-params.lr " \
		"resutil report --columns name,params.la\t" \
			"resutil report --columns name,params.layers " \
		"resutil metrics --reduce=mean,medi\t" \
			"resutil metrics --reduce=mean,median " \
		"resutil diff --only pack\t" "resutil diff --only packages " \
		"resutil gc --keep=upload-n\t" "resutil gc --keep=upload-note " \
		"resutil config set color.ui al\t" "resutil config set color.ui always " \
		"resutil -c push.auto=b\t" "resutil -c push.auto=background " \
		"resutil copy-pack --from=or\t" "resutil copy-pack --from=origin " \
		"resutil remote copy origin origin aapfup\t" \
			"resutil remote copy origin origin $nice " \
		"resutil import ml\t" "resutil import mlflow " \
		"resutil import mlflow a-\t" "resutil import mlflow a-dir/" \
		"resutil plot -o a-f\t" "resutil plot -o a-file " \
		"resutil diff aapfup\t" "resutil diff $nice " \
		"resutil verify-pack a-f\t" "resutil verify-pack a-file " \
		"resutil verify-pack aapfup\t" "resutil verify-pack $nice " \
		"resutil status --porcelain=\t" "resutil status --porcelain=v1 "
'

# in_places SHELL: nothing is offered and nothing told where there is no
# experiment, no project, or a conf that cannot be read.
in_places () {
	for in_place in empty nowhere broken
	do
		in_$1 "resutil -C ../$in_place show aa\t" \
				"resutil -C ../$in_place show aa" \
			"resutil -C ../$in_place pull x -- aa\t" \
				"resutil -C ../$in_place pull x -- aa" \
			"resutil -C ../$in_place show x:aa\t" \
				"resutil -C ../$in_place show x:aa" \
			"resutil -C ../$in_place push --remote=zz\t" \
				"resutil -C ../$in_place push --remote=zz" \
			"resutil -C ../$in_place report --sort=zz\t" \
				"resutil -C ../$in_place report --sort=zz" \
			"resutil -C ../$in_place xqz\t" \
				"resutil -C ../$in_place xqz" &&
		test_grep ! -e "resutil:" -e "conf.yaml" -e "not found" screen ||
		return 1
	done
}

test_expect_success BASH,PTY 'bash: nobody hears of what is wrong' '
	in_places bash
'

test_expect_success FISH 'fish: paths in an experiment, and behind --' '
	fish_offers "resutil show $nice:o" && offered "$nice:out.txt" &&
	fish_offers "resutil show $nice:pl" && offered "$nice:plots/" &&
	fish_offers "resutil show $nice:plots/" && offered "$nice:plots/loss.svg" &&
	fish_offers "resutil show nice:tw" && offered "nice:two words.txt" &&
	fish_offers "resutil show nice:日" && offered "nice:日本.csv" &&
	fish_offers "resutil show with\\ blank:on" && offered "with blank:only.txt" &&
	fish_offers "resutil show none:o" && test_must_be_empty actual &&
	fish_offers "resutil pull $nice -- ou" && offered out.txt &&
	fish_offers "resutil pull gone -- on" && offered only.txt &&
	fish_offers "resutil pull $nice -- aapf" && test_must_be_empty actual &&
	fish_offers "resutil diff $nice @ -- ou" && offered out.txt &&
	fish_offers "resutil show -- aapfup" && offered "$nice"
'

test_expect_success FISH 'fish: behind an alias' '
	fish_offers "resutil sh-ow aapfup" && offered "$nice" &&
	fish_offers "resutil deep nice:ou" && offered "nice:out.txt" &&
	fish_offers "resutil top --sta" && offered --state &&
	fish_offers "resutil top --state=don" && offered --state=done &&
	fish_offers "resutil traced cat a-f" && offered a-file
'

test_expect_success FISH 'fish: values' '
	fish_offers "resutil list --format=cs" && offered --format=csv &&
	fish_offers "resutil report --sort=-params.lr" && offered --sort=-params.lr &&
	fish_offers "resutil report --columns name,params.la" && offered name,params.layers &&
	fish_offers "resutil metrics --reduce=mean,medi" && offered --reduce=mean,median &&
	fish_offers "resutil gc --keep=upload-n" && offered --keep=upload-note &&
	fish_offers "resutil config set color.ui al" && offered always &&
	fish_offers "resutil -c push.auto=b" && offered push.auto=background &&
	fish_offers "resutil copy-pack --from=or" && offered --from=origin &&
	fish_offers "resutil remote copy origin origin aapfup" && offered "$nice" &&
	fish_offers "resutil import ml" && offered mlflow &&
	fish_offers "resutil import mlflow a-" && offered a-dir/ &&
	fish_offers "resutil verify-pack a-f" && offered a-file &&
	fish_offers "resutil diff aapfup" && offered "$nice"
'

test_expect_success FISH 'fish: nobody hears of what is wrong' '
	for place in empty nowhere broken
	do
		for words in "show aa" "pull x -- aa" "show x:aa" \
			"push --remote=zz" "report --sort=zz" "xqz"
		do
			fish_offers "resutil -C ../$place $words" 2>err &&
			test_must_be_empty actual && test_must_be_empty err ||
			return 1
		done
	done
'

test_expect_success ZSH,PTY 'zsh: paths in an experiment, and behind --' '
	in_zsh "resutil show $nice:o\t" "resutil show $nice:out.txt " \
		"resutil show $nice:pl\t" "resutil show $nice:plots/" \
		"resutil show $nice:plots/l\t" "resutil show $nice:plots/loss.svg " \
		"resutil show nice:tw\t" "resutil show nice:two\\ words.txt " \
		"resutil show nice:日\t" "resutil show nice:日本.csv " \
		"resutil show with\\\\ blank:on\t" "resutil show with\\ blank:only.txt " \
		"resutil show none:o\t" "resutil show none:o" \
		"resutil pull $nice -- ou\t" "resutil pull $nice -- out.txt " \
		"resutil pull gone -- on\t" "resutil pull gone -- only.txt " \
		"resutil pull $nice -- aapf\t" "resutil pull $nice -- aapf" \
		"resutil diff $nice @ -- ou\t" "resutil diff $nice @ -- out.txt "
'

test_expect_success ZSH,PTY 'zsh: behind an alias' '
	in_zsh "resutil sh-ow aapfup\t" "resutil sh-ow $nice " \
		"resutil sh-ow nice:ou\t" "resutil sh-ow nice:out.txt " \
		"resutil deep aapfuq\t" "resutil deep $q_blank " \
		"resutil top --state=don\t" "resutil top --state=done " \
		"resutil traced cat a-f\t" "resutil traced cat a-file " \
		"resutil shell a-f\t" "resutil shell a-file "
'

test_expect_success ZSH,PTY 'zsh: values' '
	in_zsh "resutil list --format=cs\t" "resutil list --format=csv " \
		"resutil report --sort=-params.lr\t" "resutil report --sort=-params.lr " \
		"resutil report --columns name,params.la\t" \
			"resutil report --columns name,params.layers " \
		"resutil metrics --reduce=mean,medi\t" \
			"resutil metrics --reduce=mean,median" \
		"resutil gc --keep=upload-n\t" "resutil gc --keep=upload-note " \
		"resutil config set color.ui al\t" "resutil config set color.ui always " \
		"resutil -c push.auto=b\t" "resutil -c push.auto=background " \
		"resutil copy-pack --from=or\t" "resutil copy-pack --from=origin " \
		"resutil remote copy origin origin aapfup\t" \
			"resutil remote copy origin origin $nice " \
		"resutil import mlflow a-\t" "resutil import mlflow a-dir/" \
		"resutil verify-pack a-f\t" "resutil verify-pack a-file " \
		"resutil diff aapfup\t" "resutil diff $nice "
'

test_expect_success ZSH,PTY 'zsh: nobody hears of what is wrong' '
	in_places zsh
'

test_expect_success 'what a setting is said to be, it can be' '
	sed -n "/^__resutil_key_values ()/,/^}/s/^	\(.*\)) printf .* \(.*\) ;;/\1/p" \
		"$completion"/bash/resutil | tr -d "\047" >keys &&
	sed -n "/^__resutil_key_values ()/,/^}/p" "$completion"/bash/resutil >values &&
	test_line_count -gt 5 keys &&
	while read -r key
	do
		test_expect_code 129 resutil config set --user "$key" zzz 2>err &&
		sed -n "s/.*must be \(.*\), not .*/\1/p" err |
		sed "s/, as in.*//; s/ or / /; s/, or / /; s/a duration//; s/,//g" |
		tr " " "\n" | sort -u | sed "/^$/d" >can &&
		( . ./values && __resutil_key_values "$key" ) | sort >said &&
		test_cmp can said || return 1
	done <keys &&
	(resutil -C / config keys && echo) >all &&
	for key in $(grep -v NAME all)
	do
		test_might_fail resutil config set --user "$key" zzz 2>err &&
		{ test_grep ! "must be yes" err || grep -x "$key" keys; } || return 1
	done
'

test_expect_success 'which leftovers gc keeps' '
	test_expect_code 129 resutil -C project gc --keep=zzz 2>err &&
	sed "s/.*these are: //; s/,//g" err | sed 1q | tr " " "\n" >can &&
	resutil gc --completion-table >table &&
	sed -n "s/.*	keep	.*words=\([^	]*\).*/\1/p" table | tr " " "\n" >said &&
	test_cmp can said
'

test_done
