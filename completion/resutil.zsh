#compdef resutil
# zsh completion of resutil. What commands and options there are was taken
# from the program when it was built.

_resutil_exps () {
	local -a names comments
	names=(${(f)"$(_call_program experiments \
		resutil ${(q)_resutil_global} list-exps --tags 2>/dev/null)"})
	# What the store held when it was last asked; nothing is asked while
	# somebody types.
	[[ $curcontext == *:resutil-(pull|show|rm|comment):* ]] &&
		names+=(${(f)"$(_call_program experiments \
			resutil ${(q)_resutil_global} list-remote --cached \
			2>/dev/null)"})
	compadd "$@" -a names && return
	# What begins neither a name nor a tag may begin a comment.
	[[ -n $PREFIX ]] || return
	comments=(${(M)names:#[a-z](#c6)_[0-9](#c8)T[0-9](#c6)_*})
	comments=(${comments#*_*_})
	compadd "$@" -a comments
}

_resutil_remotes () {
	local -a names
	names=(${(f)"$(_call_program remotes \
		resutil ${(q)_resutil_global} remote list 2>/dev/null)"})
	compadd "$@" -a names
}

_resutil_keys () {
	local -a keys
	keys=(${(f)"$(_resutil_list_keys)"})
	compadd "$@" -S = -a keys
}

# The settings that somebody made: of alias.NAME and the like each has a name.
_resutil_set_keys () {
	_call_program settings resutil ${(q)_resutil_global} config list \
		"--format='%(key)'" 2>/dev/null
}

_resutil_settings () {
	local -aU keys
	keys=(${(f)"$(_resutil_list_keys)"} ${(f)"$(_resutil_set_keys)"})
	compadd "$@" -a keys
}

_resutil_commands () {
	local -a list more aliased
	list=(${(f)"$(_resutil_list_commands)"})
	more=(${${(k)commands[(I)resutil-*]}#resutil-})
	_describe -t commands 'resutil command' list
	aliased=(${${(M)${(f)"$(_resutil_set_keys)"}:#alias.*}#alias.})
	(( $#aliased )) && _describe -t aliases 'alias' aliased
	(( $#more )) && _describe -t commands 'external command' more
}

# _resutil_specs_of sets specs to what _arguments wants to know of command $1
# ('' for the global options).

@DATA@

_resutil () {
	local curcontext=$curcontext state line i
	local -a _resutil_global specs
	typeset -A opt_args

	for (( i = 2; i < CURRENT; i++ )); do
		[[ $words[i] == -[Cc] ]] || break
		_resutil_global+=($words[i] ${(Q)words[i+1]})
		(( i++ ))
	done
	_resutil_specs_of ''
	_arguments -C -s -S $specs && return
	[[ $state == command ]] || return 1
	_resutil_specs_of $line[1]
	curcontext=${curcontext%:*:*}:resutil-$line[1]:
	_arguments -s -S $specs
}

_resutil "$@"
