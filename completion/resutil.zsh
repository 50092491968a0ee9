#compdef resutil
# zsh completion of resutil. What commands and options there are was taken
# from the program when it was built.

_resutil_exps () {
	local -a names
	names=(${(f)"$(_call_program experiments \
		resutil $_resutil_global list-exps 2>/dev/null)"})
	# What the store held when it was last asked; nothing is asked while
	# somebody types.
	[[ $curcontext == *:resutil-(pull|show|rm|comment):* ]] &&
		names+=(${(f)"$(_call_program experiments \
			resutil $_resutil_global list-remote --cached \
			2>/dev/null)"})
	compadd "$@" -a names
}

_resutil_remotes () {
	local -a names
	names=(${(f)"$(_call_program remotes \
		resutil $_resutil_global remote list 2>/dev/null)"})
	compadd "$@" -a names
}

_resutil_keys () {
	local -a keys
	keys=(${(f)"$(_resutil_list_keys)"})
	compadd "$@" -S = -a keys
}

_resutil_settings () {
	local -a keys
	keys=(${(f)"$(_resutil_list_keys)"})
	compadd "$@" -a keys
}

_resutil_commands () {
	local -a list more
	list=(${(f)"$(_resutil_list_commands)"})
	more=(${${(k)commands[(I)resutil-*]}#resutil-})
	_describe -t commands 'resutil command' list
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
