# Completion as people meet it: what Tab does at the prompts of real shells. Needs
# test-lib.sh and lib-experiments.sh.

completion=$BUILD_DIRECTORY/completion
test -f "$completion"/bash/resutil ||
	test_skip_all "no completion was built"

test_lazy_prereq BASH 'bash -c "type complete"'
test_lazy_prereq FISH 'fish --version'
test_lazy_prereq ZSH 'zsh -fc "autoload -Uz compinit && compinit -u -D"'

# offered LINE...: exactly these.
offered () {
	printf '%s\n' "$@" | sort >expect &&
	sort actual >actual.sorted &&
	test_cmp expect actual.sorted
}

# at_prompt SHELL TYPED LINE [TYPED LINE]...: what stands on the line of an
# interactive SHELL after TYPED (with \t in it), each on an empty line. Ctrl-X
# Ctrl-P, bound to do so, writes it into line.N and empties it.
at_prompt () {
	at_prompt_shell=$1 at_prompt_nr=0 at_prompt_all=$((($# - 1) / 2)) &&
	shift &&
	rm -f line.* && : >expect &&
	while test $at_prompt_nr -lt $at_prompt_all
	do
		at_prompt_nr=$((at_prompt_nr + 1)) &&
		at_prompt_typed=$1 &&
		printf "%s\n" "$2" >>expect &&
		shift 2 &&
		set -- "$@" --send="$at_prompt_typed" --send='\x18\x10' \
			--file="line.$at_prompt_nr" || return 1
	done &&
	ZDOTDIR=$PWD/zdot LC_ALL=C.UTF-8 pty-run --expect="ready> " "$@" \
		--send='exit\r' $at_prompt_shell >screen &&
	at_prompt_nr=0 &&
	while test $at_prompt_nr -lt $at_prompt_all
	do
		at_prompt_nr=$((at_prompt_nr + 1)) &&
		cat line.$at_prompt_nr || return 1
	done >actual &&
	test_cmp expect actual
}

# in_bash, in_fish's fish_offers and in_zsh are about the directory `project`.

make_shells () {
	{
		cat <<-EOF &&
		. "$completion"/bash/resutil
		PS1="ready> " nr=0
		show_line () {
			nr=\$((nr + 1))
			printf "%s\\n" "\$READLINE_LINE" >"$PWD"/line.\$nr
			READLINE_LINE= READLINE_POINT=0
		}
		EOF
		# M-*, here \\e*, puts all that is offered on the line.
		cat <<-\EOF &&
		bind -x '"\C-x\C-p": show_line'
		bind '"\e*": insert-completions'
		bind "set bell-style none"
		EOF
		printf "cd \"%s\"\n" "$PWD/project"
	} >bashrc &&
	mkdir zdot &&
	cat >zdot/.zshrc <<-EOF
	fpath=("$completion"/zsh \$fpath)
	autoload -Uz compinit && compinit -u -D
	PS1="ready> " nr=0
	show-line () {
		(( ++nr ))
		print -r -- "\$BUFFER" >"$PWD"/line.\$nr
		BUFFER=
	}
	zle -N show-line
	bindkey "^X^P" show-line
	cd "$PWD"/project
	EOF
}

in_bash () {
	at_prompt "bash --noprofile --rcfile bashrc -i" "$@"
}

in_zsh () {
	at_prompt "zsh -d -i" "$@"
}

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
