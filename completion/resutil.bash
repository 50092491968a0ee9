# bash completion of resutil. What commands and options there are was taken
# from the program when it was built.

# __resutil_options prints the options of command $1 ('' for the global ones),
# one a line: letter, long name ('-' for none), whether --no-NAME is there, what
# the argument is. A line with neither is about the words that are no options.

@DATA@

# Those here and their tags; for commands that look into a store also what it
# held when it was last asked. Nothing is asked while somebody types.
__resutil_exps ()
{
	{
		resutil "${__resutil_global[@]}" list-exps --tags
		case "$1" in
		pull|show|rm|comment)
			resutil "${__resutil_global[@]}" list-remote --cached
			;;
		esac
	} 2>/dev/null | sort -u
}

__resutil_remotes ()
{
	resutil "${__resutil_global[@]}" remote list 2>/dev/null
}

# The settings that somebody made: of alias.NAME and the like each has a name.
__resutil_set_keys ()
{
	resutil "${__resutil_global[@]}" config list --format='%(key)' \
		2>/dev/null
}

__resutil_aliases ()
{
	__resutil_set_keys | sed -n 's/^alias\.//p'
}

# Offers those of the lines on stdin that begin with $1, $2 added to each.
__resutil_offer ()
{
	local line
	while IFS= read -r line; do
		case "$line" in
		"$1"*) COMPREPLY+=("$line$2") ;;
		esac
	done
}

# The comments of the names on stdin.
__resutil_comments ()
{
	sed -n 's/^[a-z]\{6\}_[0-9]\{8\}T[0-9]\{6\}_//p' | sort -u
}

# A word that somebody types, without what quotes it.
__resutil_plain ()
{
	local word=${1#[\'\"]}

	printf '%s' "${word//\\/}"
}

# A word that was typed to its end, without what quotes it.
__resutil_whole ()
{
	local word=$1

	case "$word" in
	\"*\"|\'*\') word=${word%?} ;;
	\~|\~/*) word=$HOME${word#?} ;;
	esac
	__resutil_plain "$word"
}

# Completes a value of kind $1 that begins with $2.
__resutil_value ()
{
	local kind=${1%\?} cur
	cur=$(__resutil_plain "$2")
	case "$kind" in
	exp)
		compopt -o filenames 2>/dev/null
		__resutil_offer "$cur" '' < <(__resutil_exps "$command")
		# What begins neither a name nor a tag may begin a comment.
		[ ${#COMPREPLY[@]} -gt 0 ] || [ -z "$cur" ] ||
			__resutil_offer "$cur" '' < <(
				__resutil_exps "$command" | __resutil_comments)
		;;
	remote)
		__resutil_offer "$cur" '' < <(__resutil_remotes)
		;;
	file)
		compopt -o filenames 2>/dev/null
		__resutil_offer '' '' < <(compgen -f -- "$cur")
		;;
	dir)
		compopt -o filenames 2>/dev/null
		__resutil_offer '' '' < <(compgen -d -- "$cur")
		;;
	command)
		compopt -o filenames 2>/dev/null
		__resutil_offer '' '' < <({ compgen -c -- "$cur"
			compgen -d -- "$cur"; } | sort -u)
		;;
	key)
		compopt -o nospace 2>/dev/null
		__resutil_offer "$cur" = < <(__resutil_keys)
		;;
	setting)
		__resutil_offer "$cur" '' < <({ __resutil_keys
			__resutil_set_keys; } | sort -u)
		;;
	resutil)
		__resutil_offer "$cur" '' < <(__resutil_commands)
		;;
	words=*)
		local IFS=' '
		__resutil_offer "$cur" '' < <(printf '%s\n' ${kind#words=})
		;;
	esac
}

# Options of command $1; those that undo another only if $2 begins so.
__resutil_option_names ()
{
	local letter name undo kind
	while read -r letter name undo kind; do
		[ "$letter$name" = -- ] && continue
		[ "$letter" = - ] || printf '%s\n' "-$letter"
		[ "$name" = - ] && continue
		case "$kind" in
		none|*\?) printf '%s\n' "--$name" ;;
		*) printf '%s\n' "--$name=" ;;
		esac
		[ "$undo" = 1 ] || continue
		case "$name" in
		no-*) printf '%s\n' "--${name#no-}" ;;
		*) [[ "$2" != --no* ]] || printf '%s\n' "--no-$name" ;;
		esac
	done < <(__resutil_options "$1")
}

# The kind of the argument of option $2 of command $1: "none" if it has none.
__resutil_kind ()
{
	local letter name undo kind
	while read -r letter name undo kind; do
		case "$2" in
		--) continue ;;
		"--$name"|"-$letter") echo "$kind"; return ;;
		esac
	done < <(__resutil_options "$1")
	echo none
}

__resutil_words_kind ()
{
	local letter name undo kind
	while read -r letter name undo kind; do
		[ "$letter$name" = -- ] && echo "$kind" && return
	done < <(__resutil_options "$1")
}

_resutil ()
{
	local -a words=() __resutil_global=()
	local i cur rest command= kind only_words= seen=0 value_of=
	local line=${COMP_LINE:0:COMP_POINT} before= piece= keep

	# bash splits a word at each of COMP_WORDBREAKS, as --name=value and
	# lr=0.1; what no blank parts is one word again here.
	line=${line#*"${COMP_WORDS[0]}"}
	for ((i = 1; i <= COMP_CWORD; i++)); do
		rest=${line#"${line%%[![:space:]]*}"}
		piece=${COMP_WORDS[i]}
		[ $i -lt $COMP_CWORD ] || piece=$rest
		if [ $i -gt 1 ] && [ "$rest" = "$line" ]; then
			words[${#words[@]}-1]+=$piece
		else
			words+=("$piece")
		fi
		line=${rest#"$piece"}
	done
	COMPREPLY=()
	cur=${words[${#words[@]}-1]}
	# What stands before the last piece stays on the line.
	[[ "$piece" == *[!:=@]* ]] || piece=
	keep=$(__resutil_plain "${cur%"$piece"}")

	for ((i = 0; i < ${#words[@]} - 1; i++)); do
		local word=${words[i]}
		if [ -n "$value_of" ]; then
			[ -z "$command" ] &&
				__resutil_global+=("$value_of"
					"$(__resutil_whole "$word")")
			value_of=
			continue
		fi
		case "$word" in
		--)
			only_words=t
			continue
			;;
		-*)
			[ -n "$only_words" ] && continue
			kind=$(__resutil_kind "$command" "$word")
			case "$word,$kind" in
			*=*,*|*,none|*\?) ;;
			*) value_of=$word ;;
			esac
			continue
			;;
		esac
		if [ -z "$command" ]; then
			command=$word
		else
			seen=$((seen + 1))
			# what begins a CMD ends the options
			[ "$(__resutil_words_kind "$command")" = command ] &&
				only_words=t
		fi
	done

	if [ -n "$value_of" ]; then
		__resutil_value "$(__resutil_kind "$command" "$value_of")" "$cur"
	elif [ -z "$only_words" ] && [[ "$cur" == --*=* ]]; then
		before=${cur%%=*}=
		__resutil_value \
			"$(__resutil_kind "$command" "${cur%%=*}")" "${cur#*=}"
	elif [ -z "$only_words" ] && [[ "$cur" == -* ]]; then
		__resutil_offer "$cur" '' < <(
			__resutil_option_names "$command" "$cur")
		[[ "${COMPREPLY[0]}" == *= ]] && [ ${#COMPREPLY[@]} -eq 1 ] &&
			compopt -o nospace 2>/dev/null
	elif [ -z "$command" ]; then
		__resutil_offer "$cur" '' < <({ __resutil_commands
			__resutil_aliases; } | sort)
		__resutil_offer "resutil-$cur" '' < <(
			compgen -c -- "resutil-$cur" | sort -u)
		COMPREPLY=("${COMPREPLY[@]#resutil-}")
	else
		kind=$(__resutil_words_kind "$command")
		case "$command,$seen" in
		remote,1) kind=remote ;;
		config,1) kind=setting ;;
		esac
		case "$kind,$seen" in
		command,0|exp,*|remote,*|setting,*|file,*|dir,*|resutil,0|words=*,0)
			__resutil_value "$kind" "$cur"
			;;
		*)
			__resutil_value file "$cur"
			;;
		esac
	fi
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=$before${COMPREPLY[i]}
		COMPREPLY[i]=${COMPREPLY[i]#"$keep"}
	done
	return 0
}

complete -F _resutil resutil
