#!/bin/sh

test_description='what Tab completes in bash, zsh and fish

The files are those that the build made from the option tables.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

completion=$BUILD_DIRECTORY/completion
test -f "$completion"/bash/resutil ||
	test_skip_all "no completion was built"

test_lazy_prereq BASH 'bash -c "type complete"'
test_lazy_prereq FISH 'fish --version'
test_lazy_prereq ZSH 'zsh -fc "autoload -Uz compinit && compinit -u -D"'

nice=aapfup_20240704T191555_nice
blank='aapfuq_20240704T191600_with blank'

all_commands () {
	sed -n '/^COMMAND/,$s/^[^"]*"\([a-z-]*\)",.*cmd_.*/\1/p' \
		"$SOURCE_DIRECTORY"/command-list.h
}

test_expect_success 'setup' '
	make_conf project &&
	(
		cd project &&
		make_exp "$nice" &&
		make_exp "$blank" &&
		mkdir sub && >a-file
	) &&
	all_commands | sort >commands
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

# bash_offers WORD... : what bash offers for the last word, one a line.
cat >bash-words <<\EOF
. "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_resutil
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
EOF

bash_offers () {
	(
		cd project &&
		bash --norc ../bash-words "$completion"/bash/resutil "$@"
	) >actual
}

# offered LINE...: exactly these.
offered () {
	printf '%s\n' "$@" | sort >expect &&
	sort actual >actual.sorted &&
	test_cmp expect actual.sorted
}

test_expect_success BASH 'bash: commands' '
	bash_offers resutil "" &&
	test_cmp commands actual &&
	bash_offers resutil ru &&
	offered run &&
	bash_offers resutil -C sub --no-interactive ru &&
	offered run &&
	mkdir bin && write_script bin/resutil-extern </dev/null &&
	PATH=$PWD/bin:$PATH bash_offers resutil ex &&
	offered extern
'

test_expect_success BASH 'bash: options' '
	bash_offers resutil --exec &&
	offered --exec-path &&
	bash_offers resutil rev-exp --ver &&
	offered --verify &&
	bash_offers resutil rev-exp --no-ver &&
	offered --no-verify &&
	bash_offers resutil run --dep &&
	offered --dependency= &&
	bash_offers resutil rm -- -
	test_must_be_empty actual
'

test_expect_success BASH 'bash: experiments, as words and as arguments' '
	for words in "rev-exp" "rev-exp -z" "show" "run -m x -d" \
		"run --dependency" "run --dependency="
	do
		bash_offers resutil $words aap &&
		offered "$nice" "$blank" || {
			echo >&4 "at: $words"
			return 1
		}
	done &&
	bash_offers resutil rev-exp aapfuq &&
	offered "$blank"
'

test_expect_success BASH 'bash: experiments of the project that -C names' '
	bash --norc bash-words "$completion"/bash/resutil \
		resutil -C project rev-exp aapfup >actual &&
	offered "$nice" &&
	bash --norc bash-words "$completion"/bash/resutil \
		resutil rev-exp aapfup >actual &&
	test_must_be_empty actual
'

test_expect_success BASH 'bash: words, keys, files, directories, programs' '
	bash_offers resutil list --state = don &&
	offered done &&
	bash_offers resutil list --state don &&
	offered done &&
	bash_offers resutil -c color &&
	offered color.ui= &&
	bash_offers resutil config un &&
	offered unset &&
	bash_offers resutil config set --user color &&
	offered color.ui &&
	bash_offers resutil run --name-file a-f &&
	offered a-file &&
	bash_offers resutil -C su &&
	offered sub &&
	bash_offers resutil run seq &&
	test_grep "^seq$" actual &&
	bash_offers resutil help versi &&
	offered version
'

test_expect_success BASH 'bash: names of remotes, and what a store held' '
	test_when_finished "rm -rf project/team store" &&
	mkdir store &&
	(
		cd project &&
		resutil remote add team dir:"$PWD/team" &&
		resutil push "$nice" && resutil list >out &&
		mv "results/$nice" kept
	) >out &&
	for words in "push --remote" "push --remote =" "show --remote=" \
		"remote rm"
	do
		bash_offers resutil $words te &&
		offered team || return 1
	done &&
	for words in pull show rm comment
	do
		bash_offers resutil $words aap &&
		offered "$nice" "$blank" || return 1
	done &&
	bash_offers resutil push aap &&
	offered "$blank" &&
	mv project/kept "project/results/$nice" &&
	bash_offers resutil remote a &&
	offered add
'

test_expect_success BASH 'bash: behind the program of run there are files' '
	bash_offers resutil run -m x cat a-f &&
	offered a-file &&
	bash_offers resutil run seq -m &&
	test_must_be_empty actual
'

test_expect_success BASH,PTY 'bash: at a prompt, with quotes where needed' '
	cat >bashrc <<-EOF &&
	. "$completion"/bash/resutil
	PS1="ready> "
	cd "$PWD"/project
	EOF
	pty-run --expect="ready> " --send="resutil rev-e\taapfuq\t\r" \
		--expect="$blank" --expect="ready> " --send="exit\r" \
		bash --noprofile --rcfile bashrc -i >screen &&
	tr -d "\r" <screen >clean &&
	test_grep "^$blank\$" clean
'

# fish_offers LINE: what fish offers, without the descriptions.
fish_offers () {
	(
		cd project &&
		fish --no-config -c '
			source $argv[1]
			complete -C $argv[2]
		' "$completion"/fish/resutil.fish "$1"
	) >full &&
	sed 's/	.*//' full >actual
}

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
		offered "$nice" "$blank" || {
			echo >&4 "at: $words"
			return 1
		}
	done
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

# zsh_line TYPED: what stands on the line after TYPED (with \t in it), in the
# file line; what was on the screen, in screen.
test_expect_success 'setup zsh' '
	mkdir zdot &&
	cat >zdot/.zshrc <<-EOF
	fpath=("$completion"/zsh \$fpath)
	autoload -Uz compinit && compinit -u -D
	PS1="ready> "
	show-line () { print -r -- "\$BUFFER" >"$PWD"/line }
	zle -N show-line
	bindkey "^X^P" show-line
	cd "$PWD"/project
	EOF
'

zsh_line () {
	rm -f line &&
	ZDOTDIR=$PWD/zdot LC_ALL=C.UTF-8 pty-run --expect="ready> " \
		--send="$1" --send='\x18\x10' --file=line --send='\x15exit\r' \
		zsh -d -i >screen
}

# types TYPED LINE
types () {
	zsh_line "$1" &&
	printf '%s\n' "$2" >expect &&
	test_cmp expect line
}

test_expect_success ZSH,PTY 'zsh: commands and options' '
	types "resutil ru\t" "resutil run " &&
	types "resutil -C sub ru\t" "resutil -C sub run " &&
	types "resutil --exec\t" "resutil --exec-path " &&
	types "resutil rev-exp --ver\t" "resutil rev-exp --verify " &&
	types "resutil run --dep\t" "resutil run --dependency=" &&
	zsh_line "resutil r\t" &&
	test_grep "read-exp .*print a record" screen
'

test_expect_success ZSH,PTY 'zsh: experiments' '
	types "resutil rev-exp aapfup\t" "resutil rev-exp $nice " &&
	types "resutil rev-exp aapfuq\t" \
		"resutil rev-exp aapfuq_20240704T191600_with\\ blank " &&
	types "resutil run -m x -d aapfup\t" "resutil run -m x -d $nice " &&
	types "resutil run --dependency=aapfup\t" \
		"resutil run --dependency=$nice "
'

test_expect_success ZSH,PTY 'zsh: experiments of the project that -C names' '
	types "resutil -C .. -C project rev-exp aapfup\t" \
		"resutil -C .. -C project rev-exp $nice " &&
	types "resutil -C .. rev-exp aapfup\t" "resutil -C .. rev-exp aapfup"
'

test_expect_success ZSH,PTY 'zsh: words, keys, files, programs' '
	types "resutil list --state=don\t" "resutil list --state=done " &&
	types "resutil -c color\t" "resutil -c color.ui=" &&
	types "resutil run --name-file a-f\t" \
		"resutil run --name-file a-file " &&
	types "resutil run -m x cat a-f\t" "resutil run -m x cat a-file " &&
	types "resutil help versi\t" "resutil help version "
'

test_done
