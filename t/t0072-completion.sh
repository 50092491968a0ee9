#!/bin/sh

test_description='what Tab completes in bash, zsh and fish

The files are those that the build made from the option tables.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-completion.sh

nice=aapfup_20240704T191555_nice
blank='aapfuq_20240704T191600_with blank'
equal=aapfus_20240704T191800_lr=0.1

all_commands () {
	sed -n '/^COMMAND/,$s/^[^"]*"\([a-z-]*\)",.*cmd_.*/\1/p' \
		"$SOURCE_DIRECTORY"/command-list.h
}

test_expect_success 'setup' '
	make_conf project &&
	(
		cd project &&
		make_exp "$nice" "tags: [best, \"bad\\ntag\"]" &&
		make_exp "$blank" "tags: [two words]" &&
		make_exp "$equal" &&
		mkdir sub && >a-file && >"it'\''s *.txt"
	) &&
	make_conf "other one" &&
	(cd "other one" && make_exp aapfur_20240704T191700) &&
	all_commands | sort >commands &&
	make_shells
'

test_expect_success 'tags that are none are not offered' '
	(cd project && resutil list-exps --tags) >actual &&
	printf "%s\n" "$nice" "$blank" "$equal" best "two words" >expect &&
	test_cmp expect actual &&
	(cd project && resutil list-exps --tags -z) >actual &&
	tr "\n" "\000" <expect >expect-z &&
	test_cmp_bin expect-z actual &&
	test_expect_code 129 resutil -C project list-exps --tags --path
'

test_expect_success 'every command and option is in each of the files' '
	while read -r command
	do
		resutil "$command" --completion-table >table || return 1
		awk -F "\t" -v c="$command" "\$2 != \"\" { print c, \$2 }" table
	done <commands >options &&
	test_line_count -gt 50 options &&
	while read -r command option
	do
		test_grep -E "^complete .*__fish_resutil_using $command[;'\''].* -l $option " \
			"$completion"/fish/resutil.fish &&
		sed -n "/^	('\''$command'\'')\$/,/;;/p" \
			"$completion"/zsh/_resutil >zsh.part &&
		test_grep -F -e "*--$option" zsh.part &&
		sed -n "/^	'\''$command'\'')/,/;;/p" \
			"$completion"/bash/resutil >bash.part &&
		test_grep " $option [01] " bash.part || return 1
	done <options
'

# Makes a remote and an alias, and $nice one that only a store has, which is
# away: who asked it would not hear of it.
held_by_a_store () {
	test_when_finished "
		rm -rf project/team away store
		mv project/kept 'project/results/$nice'
		resutil config unset --user alias.zz-top
		resutil -C project remote rm team
	" &&
	mkdir store &&
	resutil config set --user alias.zz-top "list -n 3" &&
	(
		cd project &&
		resutil remote add team dir:"$PWD/team" &&
		resutil push "$nice" && resutil list &&
		mv "results/$nice" kept
	) >out &&
	mv store away
}

test_expect_success BASH,PTY 'bash: commands' '
	mkdir bin && write_script bin/resutil-extern </dev/null &&
	PATH=$PWD/bin:$PATH in_bash \
		"resutil \e*" "resutil $( (cat commands && echo extern) | sort | tr "\n" " ")" \
		"resutil ru\t" "resutil run " \
		"resutil -C sub --no-interactive ru\t" \
			"resutil -C sub --no-interactive run " \
		"resutil ex\t" "resutil extern " \
		"true; LANG=C resutil ru\t" "true; LANG=C resutil run " \
		"resutil ru x\x02\x02\t" "resutil run x" \
		"resutil rux\x02\t" "resutil runx"
'

test_expect_success BASH,PTY 'bash: options' '
	in_bash "resutil --exec\t" "resutil --exec-path " \
		"resutil rev-exp --ver\t" "resutil rev-exp --verify " \
		"resutil rev-exp --no-ver\t" "resutil rev-exp --no-verify " \
		"resutil run --dep\t" "resutil run --dependency=" \
		"resutil rm -- -\e*" "resutil rm -- -"
'

# bash quotes what it has to
q_blank='aapfuq_20240704T191600_with\ blank'
q_equal='aapfus_20240704T191800_lr\=0.1'

test_expect_success BASH,PTY 'bash: experiments, as words and as arguments' '
	set -- &&
	for words in "rev-exp " "rev-exp -z " "show " "run -m x -d " \
		"run --dependency " "run --dependency="
	do
		set -- "$@" "resutil ${words}aap\e*" \
			"resutil $words$nice $q_blank $q_equal " || return 1
	done &&
	in_bash "$@" \
		"resutil rev-exp aapfuq\t" "resutil rev-exp $q_blank " \
		"resutil rev-exp \"aapfuq\t" "resutil rev-exp \"$blank\" " \
		"resutil rev-exp ${blank% *}\\\\ bla\t" "resutil rev-exp $q_blank " \
		"resutil rev-exp ${equal%1}\t" "resutil rev-exp $equal " \
		"resutil rev-exp ${equal%=*}\\\\=0\t" "resutil rev-exp $q_equal " \
		"resutil run -d ${equal%0.1}\t" "resutil run -d $equal " \
		"resutil run --dependency=${equal%.1}\t" \
			"resutil run --dependency=$equal "
'

test_expect_success BASH,PTY 'bash: tags, and comments' '
	in_bash "resutil show be\t" "resutil show best " \
		"resutil rev-exp two\t" "resutil rev-exp two\\ words " \
		"resutil run -m x -d be\t" "resutil run -m x -d best " \
		"resutil tag -d be\t" "resutil tag -d best " \
		"resutil show with\t" "resutil show with\\ blank " \
		"resutil show lr=\t" "resutil show lr=0.1 "
'

test_expect_success BASH,PTY 'bash: experiments of the project that -C names' '
	in_bash "resutil -C .. rev-exp aapfup\e*" "resutil -C .. rev-exp aapfup" \
		"resutil -C .. -C project rev-exp aapfup\t" \
			"resutil -C .. -C project rev-exp $nice " \
		"resutil -C \"../other one\" rev-exp aapfu\t" \
			"resutil -C \"../other one\" rev-exp aapfur_20240704T191700 " &&
	test_grep ! "conf.yaml" screen
'

test_expect_success BASH,PTY 'bash: words, keys, files, directories, programs' '
	in_bash "resutil list --state=don\t" "resutil list --state=done " \
		"resutil list --state don\t" "resutil list --state done " \
		"resutil -c color\t" "resutil -c color.ui=" \
		"resutil config un\t" "resutil config unset " \
		"resutil config set --user color\t" \
			"resutil config set --user color.ui " \
		"resutil config set --user hooks.pre-r\t" \
			"resutil config set --user hooks.pre-run " \
		"resutil run --name-file a-f\t" "resutil run --name-file a-file " \
		"resutil run --name-file=a-f\t" "resutil run --name-file=a-file " \
		"resutil run --name-file it\t" \
			"resutil run --name-file it\\'\''s\\ \\*.txt " \
		"resutil -C su\t" "resutil -C sub/" \
		"resutil run resuti\t" "resutil run resutil " \
		"resutil help versi\t" "resutil help version " \
		"resutil run -m x cat a-f\t" "resutil run -m x cat a-file " \
		"resutil run cat -m\e*" "resutil run cat -m"
'

test_expect_success BASH,PTY 'bash: remotes, aliases, and what a store held' '
	held_by_a_store &&
	set -- &&
	for words in "push --remote " "push --remote=" "show --remote=" \
		"remote rm "
	do
		set -- "$@" "resutil ${words}te\t" "resutil ${words}team " ||
		return 1
	done &&
	for words in pull show rm comment
	do
		set -- "$@" "resutil $words aapfup\t" "resutil $words $nice " ||
		return 1
	done &&
	in_bash "$@" \
		"resutil push aapfup\e*" "resutil push aapfup" \
		"resutil remote a\t" "resutil remote add " \
		"resutil zz\t" "resutil zz-top " \
		"resutil config get alias.z\t" "resutil config get alias.zz-top "
'

test_expect_success BASH,PTY 'bash: what was completed is what is run' '
	in_bash "resutil rev-e\taapfuq\t >../ran\r" "" &&
	printf "%s\n" "$blank" >expect &&
	test_cmp expect ran
'

test_expect_success FISH 'fish: commands, with what they do' '
	fish_offers "resutil ru" &&
	offered run &&
	test_grep "run a command and record it" full &&
	fish_offers "resutil -C sub ru" &&
	offered run &&
	fish_offers "resutil " &&
	sort -u actual >sorted &&
	comm -23 commands sorted >missing &&
	test_must_be_empty missing
'

test_expect_success FISH 'fish: options' '
	fish_offers "resutil --exec" &&
	offered --exec-path &&
	fish_offers "resutil rev-exp --ver" &&
	offered --verify &&
	fish_offers "resutil run --dep" &&
	offered --dependency
'

test_expect_success FISH 'fish: experiments' '
	for words in "rev-exp" "show" "run -m x -d" "run --dependency"
	do
		fish_offers "resutil $words aap" &&
		offered "$nice" "$blank" "$equal" || {
			echo >&4 "at: $words"
			return 1
		}
	done
'

test_expect_success FISH 'fish: tags, and comments by a part of the name' '
	for words in "show" "run -m x -d" "tag -d"
	do
		fish_offers "resutil $words be" &&
		offered best || return 1
	done &&
	fish_offers "resutil show two" &&
	offered "two words" &&
	fish_offers "resutil show with" &&
	offered "$blank" &&
	fish_offers "resutil -C \"../other one\" rev-exp aapfu" &&
	offered aapfur_20240704T191700 &&
	fish_offers "resutil -C .. rev-exp aapfu" &&
	test_must_be_empty actual
'

test_expect_success FISH 'fish: remotes, aliases, and what a store held' '
	held_by_a_store &&
	fish_offers "resutil push --remote=te" &&
	offered --remote=team &&
	fish_offers "resutil pull aapfup" &&
	offered "$nice" &&
	fish_offers "resutil push aapfup" &&
	test_must_be_empty actual &&
	fish_offers "resutil zz" &&
	offered zz-top &&
	fish_offers "resutil config get alias.z" &&
	offered alias.zz-top &&
	fish_offers "resutil config set hooks.pre-r" &&
	offered hooks.pre-run
'

test_expect_success FISH 'fish: words, keys, files, programs and their words' '
	fish_offers "resutil list --state=don" &&
	offered --state=done &&
	fish_offers "resutil -c color" &&
	offered color.ui= &&
	fish_offers "resutil run --name-file a-f" &&
	offered a-file &&
	fish_offers "resutil run -m x cat a-f" &&
	offered a-file &&
	fish_offers "resutil run --subst ech" &&
	test_grep "^echo$" actual &&
	fish_offers "resutil run echo --coll" &&
	test_must_be_empty actual &&
	fish_offers "resutil help versi" &&
	offered version
'

test_expect_success ZSH,PTY 'zsh: commands and options' '
	in_zsh "resutil ru\t" "resutil run " \
		"resutil -C sub ru\t" "resutil -C sub run " \
		"resutil --exec\t" "resutil --exec-path " \
		"resutil rev-exp --ver\t" "resutil rev-exp --verify " \
		"resutil run --dep\t" "resutil run --dependency=" \
		"resutil r\t" "resutil r" &&
	test_grep "read-exp .*print a record" screen
'

test_expect_success ZSH,PTY 'zsh: experiments' '
	in_zsh "resutil rev-exp aapfup\t" "resutil rev-exp $nice " \
		"resutil rev-exp aapfuq\t" "resutil rev-exp $q_blank " \
		"resutil rev-exp \"aapfuq\t" "resutil rev-exp \"$blank\" " \
		"resutil rev-exp ${equal%.1}\t" "resutil rev-exp $equal " \
		"resutil run -m x -d aapfup\t" "resutil run -m x -d $nice " \
		"resutil run --dependency=aapfup\t" \
			"resutil run --dependency=$nice "
'

test_expect_success ZSH,PTY 'zsh: tags, and comments' '
	in_zsh "resutil show be\t" "resutil show best " \
		"resutil rev-exp two\t" "resutil rev-exp two\\ words " \
		"resutil run -m x -d be\t" "resutil run -m x -d best " \
		"resutil tag -d be\t" "resutil tag -d best " \
		"resutil show with\t" "resutil show with\\ blank " \
		"resutil show lr=\t" "resutil show lr=0.1 "
'

test_expect_success ZSH,PTY 'zsh: experiments of the project that -C names' '
	in_zsh "resutil -C .. -C project rev-exp aapfup\t" \
			"resutil -C .. -C project rev-exp $nice " \
		"resutil -C \"../other one\" rev-exp aapfu\t" \
			"resutil -C \"../other one\" rev-exp aapfur_20240704T191700 " \
		"resutil -C .. rev-exp aapfup\t" "resutil -C .. rev-exp aapfup"
'

test_expect_success ZSH,PTY 'zsh: words, keys, files, programs' '
	in_zsh "resutil list --state=don\t" "resutil list --state=done " \
		"resutil -c color\t" "resutil -c color.ui=" \
		"resutil config set hooks.pre-r\t" \
			"resutil config set hooks.pre-run " \
		"resutil run --name-file a-f\t" \
			"resutil run --name-file a-file " \
		"resutil run -m x cat a-f\t" "resutil run -m x cat a-file " \
		"resutil help versi\t" "resutil help version "
'

test_expect_success ZSH,PTY 'zsh: remotes, aliases, and what a store held' '
	held_by_a_store &&
	in_zsh "resutil push --remote=te\t" "resutil push --remote=team " \
		"resutil remote rm te\t" "resutil remote rm team " \
		"resutil pull aapfup\t" "resutil pull $nice " \
		"resutil push aapfup\t" "resutil push aapfup" \
		"resutil zz\t" "resutil zz-top " \
		"resutil config get alias.z\t" "resutil config get alias.zz-top "
'

test_done
