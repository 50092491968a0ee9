# bash completion of resutil. What commands and options there are was taken
# from the program when it was built.

# __resutil_options prints the options of command $1 ('' for the global ones),
# one a line: letter, long name ('-' for none), whether --no-NAME is there, what
# the argument is. A line with neither is about the words that are no options.

@DATA@

# What `resutil $@` prints for the project that the line is about. Nobody hears
# of what is wrong while somebody types, and no store is asked.
__resutil_ask ()
{
	resutil "${__resutil_global[@]}" "$@" 2>/dev/null
}

# Those here and their tags; for commands that look into a store also what it
# held when it was last asked.
__resutil_exps ()
{
	{
		__resutil_ask list-exps --tags
		case "$1" in
		pull|show|rm|comment)
			__resutil_ask list-remote --cached
			;;
		esac
	} | LC_ALL=C sort -u
}

# The settings that somebody made: of alias.NAME and the like each has a name.
__resutil_set_keys ()
{
	__resutil_ask config list --format='%(key)'
}

__resutil_aliases ()
{
	__resutil_set_keys | sed -n 's/^alias\.//p'
}

# The fields that runs here have.
__resutil_fields ()
{
	__resutil_ask query --no-refresh --no-header --format=tsv \
		'SELECT DISTINCT field FROM fields'
}

# Offers those of the lines on stdin that begin with $1, $2 added to each and $3
# before.
__resutil_offer ()
{
	local line noglob=$- IFS=$'\n'

	# a command's output is read in blocks, and a pipe byte by byte
	set -f
	for line in $(cat); do
		case "$line" in
		"$1"*) COMPREPLY+=("$3$line$2") ;;
		esac
	done
	[[ $noglob == *f* ]] || set +f
}

# The same for the words $3 and what follows, with commas between several.
__resutil_offer_items ()
{
	local last=${1##*,}

	__resutil_offer "$last" '' "${1%"$last"}"
}

# The comments of the names on stdin.
__resutil_comments ()
{
	sed -n 's/^[a-z]\{6\}_[0-9]\{8\}T[0-9]\{6\}_//p' | sort -u
}

# Paths in the experiment $1 that begin with $2, $3 before each. Of what is not
# here nothing is known, but runs of a project have much the same files: the
# latest one is looked into if $4 says so.
__resutil_inside ()
{
	local dir path

	dir=$(__resutil_ask rev-exp --path -z "$1" | tr -d '\0')
	[ -n "$dir" ] || [ -z "$4" ] ||
		dir=$(__resutil_ask rev-exp --path -z @ | tr -d '\0')
	[ -n "$dir" ] || return 0
	compopt -o filenames 2>/dev/null
	while IFS= read -r path; do
		[ -d "$path" ] && path+=/
		COMPREPLY+=("$3${path#"$dir/"}")
	done < <(compgen -f -- "$dir/$2")
	[ ${#COMPREPLY[@]} -eq 1 ] && [[ "${COMPREPLY[0]}" == */ ]] &&
		compopt -o nospace 2>/dev/null
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
	local kind=${1%\?} cur names last sign=
	cur=$(__resutil_plain "$2")
	case "$kind" in
	exp|pack)
		compopt -o filenames 2>/dev/null
		names=$(__resutil_exps "$command")
		__resutil_offer "$cur" '' <<<"$names"
		# What begins neither a name nor a tag may begin a comment.
		[ ${#COMPREPLY[@]} -gt 0 ] || [ -z "$cur" ] ||
			__resutil_offer "$cur" '' < <(
				__resutil_comments <<<"$names")
		[ "$kind" = exp ] ||
			__resutil_offer '' '' < <(compgen -f -- "$cur")
		;;
	remote)
		__resutil_offer "$cur" '' < <(__resutil_ask remote list \
			--format='%(name)')
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
		case "$cur" in
		*=*)
			__resutil_offer "${cur#*=}" '' "${cur%%=*}=" < <(
				__resutil_key_values "${cur%%=*}")
			;;
		*)
			compopt -o nospace 2>/dev/null
			__resutil_offer "$cur" = < <(__resutil_keys)
			;;
		esac
		;;
	setting)
		__resutil_offer "$cur" '' < <({ __resutil_keys
			__resutil_set_keys; } | sort -u)
		;;
	resutil)
		__resutil_offer "$cur" '' < <(__resutil_commands)
		;;
	field)
		last=${cur##*,}
		case "$last" in
		[-+]*) sign=${last:0:1} ;;
		esac
		__resutil_offer "${last#"$sign"}" '' \
			"${cur%"$last"}$sign" < <(__resutil_fields)
		;;
	items=*)
		__resutil_offer_items "$cur" < <(tr ' ' '\n' <<<"${kind#*=}")
		;;
	words=*)
		__resutil_offer "$cur" '' < <(tr ' ' '\n' <<<"${kind#*=}")
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

# Completes $cur, a word of $command that is no option; before it stand `seen`
# others, $args.
__resutil_argument ()
{
	local kind plain

	kind=$(__resutil_words_kind "$command")
	plain=$(__resutil_plain "$cur")
	case "$command,$seen" in
	remote,0|config,0) ;;
	remote,*)
		kind=remote
		[ "${args[0]}" != copy ] || [ $seen -lt 3 ] || kind=exp
		;;
	config,1) kind=setting ;;
	config,*)
		[ "${args[0]}" != set ] || __resutil_offer "$plain" '' < <(
			__resutil_key_values "${args[1]}")
		return
		;;
	import,0) kind="words=votakvot mlflow tensorboard wandb dvc" ;;
	import,*) kind=dir ;;
	esac
	case "$command,$plain,$dashes" in
	pull,*,t|diff,*,t)
		__resutil_inside "${args[0]-@}" "$plain" '' latest
		return
		;;
	show,*:*,*)
		__resutil_inside "${plain%%:*}" "${plain#*:}" "${plain%%:*}:"
		return
		;;
	esac
	case "$kind,$seen" in
	command,0|exp,*|pack,*|remote,*|setting,*|file,*|dir,*|resutil,0|words=*,0)
		__resutil_value "$kind" "$cur"
		;;
	*)
		__resutil_value file "$cur"
		;;
	esac
}

_resutil ()
{
	local -a words=() args=() alias=() __resutil_global=()
	local i cur rest command= kind only_words= seen=0 value_of= dashes=
	local line=${COMP_LINE:0:COMP_POINT} before= piece= keep depth=0

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
			[ -z "$command" ] || dashes=t
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
		if [ -z "$command" ] && [ $depth -lt 10 ] &&
			[ -z "$(__resutil_options "$word")" ]; then
			# an alias stands for the words that it has
			depth=$((depth + 1))
			read -ra alias < <(__resutil_ask config get \
				"alias.$word")
			if [ ${#alias[@]} -gt 0 ] && [[ "$alias" != !* ]]; then
				words=("${words[@]:0:i}" "${alias[@]}"
					"${words[@]:i+1}")
				i=$((i - 1))
				continue
			fi
		fi
		if [ -z "$command" ]; then
			command=$word
		else
			args+=("$(__resutil_whole "$word")")
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
		__resutil_argument
	fi
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=$before${COMPREPLY[i]}
		COMPREPLY[i]=${COMPREPLY[i]#"$keep"}
	done
	return 0
}

complete -F _resutil resutil
