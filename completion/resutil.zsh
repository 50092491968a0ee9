#compdef resutil
# zsh completion of resutil. What commands and options there are was taken
# from the program when it was built.

# What `resutil $@` prints for the project that the line is about, as lines in
# $reply. Nobody hears of what is wrong while somebody types, and no store is
# asked.
_resutil_ask () {
	reply=(${(f)"$(_call_program resutil \
		resutil ${(q)_resutil_global} ${(q)@} 2>/dev/null)"})
}

_resutil_exps () {
	local -a reply names comments
	_resutil_ask list-exps --tags
	names=($reply)
	# What the store held when it was last asked.
	if [[ $curcontext == *:resutil-(pull|show|rm|comment):* ]]; then
		_resutil_ask list-remote --cached
		names+=($reply)
	fi
	compadd "$@" -a names && return
	# What begins neither a name nor a tag may begin a comment.
	[[ -n $PREFIX ]] || return
	comments=(${(M)names:#[a-z](#c6)_[0-9](#c8)T[0-9](#c6)_*})
	comments=(${comments#*_*_})
	compadd "$@" -a comments
}

_resutil_packs () {
	_resutil_exps "$@"
	_files
}

# Paths in the experiment $1; in the latest one if that is not here and $2 says
# so: runs of a project have much the same files.
_resutil_inside () {
	local -a reply
	_resutil_ask rev-exp --path -- $1
	(( $#reply )) || [[ -z $2 ]] || _resutil_ask rev-exp --path @
	(( $#reply )) && _path_files -W reply
}

# Behind `--` stand paths in what stands before.
_resutil_exps_then_paths () {
	local -i end=${words[(I)--]}
	if (( end && end < CURRENT )); then
		local -a before=(${words[2,end - 1]:#-*})
		_resutil_inside "${(Q)before[1]:-@}" latest
	else
		_resutil_exps "$@"
	fi
}

# EXP:PATH
_resutil_exps_or_inside () {
	if [[ $PREFIX == *:* ]]; then
		local exp=${(Q)PREFIX%%:*}
		compset -P '[^:]#:' || compset -P '*:'
		_resutil_inside $exp
	else
		_resutil_exps "$@"
	fi
}

_resutil_remotes () {
	local -a reply
	_resutil_ask remote list "--format=%(name)"
	compadd "$@" -a reply
}

# remote copy A B EXP...
_resutil_remotes_or_exps () {
	if [[ $line[1] == copy ]] && (( $#line > 3 )); then
		_resutil_exps "$@"
	else
		_resutil_remotes "$@"
	fi
}

_resutil_keys () {
	local -a keys
	if compset -P '(#b)([^=]##)='; then
		keys=(${(f)"$(_resutil_key_values ${IPREFIX%=})"})
		compadd "$@" -a keys
		return
	fi
	keys=(${(f)"$(_resutil_list_keys)"})
	compadd "$@" -S = -a keys
}

# The settings that somebody made: of alias.NAME and the like each has a name.
_resutil_set_keys () {
	_resutil_ask config list "--format=%(key)"
}

_resutil_settings () {
	local -aU keys
	local -a reply
	_resutil_set_keys
	keys=(${(f)"$(_resutil_list_keys)"} $reply)
	compadd "$@" -a keys
}

_resutil_key_value () {
	local -a values
	[[ $line[1] == set ]] || return
	values=(${(f)"$(_resutil_key_values $line[2])"})
	compadd "$@" -a values
}

# Several of these words, with commas between.
_resutil_items () {
	compset -P '*,'
	compadd -S '' -- $@
}

# The fields that runs here have.
_resutil_fields () {
	local -a reply
	_resutil_ask query --no-refresh --no-header --format=tsv \
		'SELECT DISTINCT field FROM fields'
	compset -P '*,'
	compset -P '[-+]'
	compadd "$@" -a reply
}

_resutil_commands () {
	local -a list more aliased reply
	list=(${(f)"$(_resutil_list_commands)"})
	more=(${${(k)commands[(I)resutil-*]}#resutil-})
	_describe -t commands 'resutil command' list
	_resutil_set_keys
	aliased=(${${(M)reply:#alias.*}#alias.})
	(( $#aliased )) && _describe -t aliases 'alias' aliased
	(( $#more )) && _describe -t commands 'external command' more
}

# _resutil_specs_of sets specs to what _arguments wants to know of command $1
# ('' for the global options).

@DATA@

_resutil () {
	local curcontext=$curcontext state line i depth
	local -a _resutil_global specs reply aliased
	typeset -A opt_args

	setopt localoptions extendedglob
	for (( i = 2; i < CURRENT; i++ )); do
		if [[ $words[i] == -[Cc] ]]; then
			_resutil_global+=($words[i] ${(Q)words[i+1]})
			(( i++ ))
		elif [[ $words[i] != -* ]]; then
			break
		fi
	done
	# an alias stands for the words that it has
	for (( depth = 0; depth < 10 && i < CURRENT; depth++ )); do
		_resutil_list_commands | grep -q "^$words[i]:" && break
		_resutil_ask config get alias.$words[i]
		aliased=(${(z)reply[1]})
		(( $#aliased )) && [[ $aliased[1] != \!* ]] || break
		words[i]=($aliased)
		(( CURRENT += $#aliased - 1 ))
	done
	_resutil_specs_of ''
	_arguments -C -s -S $specs && return
	[[ $state == command ]] || return 1
	_resutil_specs_of $line[1]
	curcontext=${curcontext%:*:*}:resutil-$line[1]:
	_arguments -s -S $specs
}

_resutil "$@"
