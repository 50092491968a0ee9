# fish completion of resutil. What commands and options there are was taken
# from the program when it was built.

# What `resutil $argv` prints for the project that the line is about. Nobody
# hears of what is wrong while somebody types, and no store is asked.
function __fish_resutil_ask
    set -l tokens (commandline -opc)
    set -l before
    set -e tokens[1]
    while set -q tokens[2]; and contains -- $tokens[1] -C -c
        set -a before $tokens[1..2]
        set -e tokens[1..2]
    end
    command resutil $before $argv 2>/dev/null
end

# Prints the words that stand before the cursor, from the command on, and fails
# when there is none yet. In the place of an alias stand the words that it has.
function __fish_resutil_words
    set -l tokens (commandline -opc)
    set -e tokens[1]
    # this is asked for each rule, and an alias only once
    if test "$__fish_resutil_line" = "$tokens"
        set -q __fish_resutil_meant[1]; or return 1
        printf '%s\n' $__fish_resutil_meant
        return
    end
    set -g __fish_resutil_line "$tokens"
    set -g __fish_resutil_meant
    for depth in (seq 10)
        while string match -q -- '-*' $tokens[1]
            contains -- $tokens[1] -C -c; and set -e tokens[1]
            set -q tokens[1]; and set -e tokens[1]
        end
        set -q tokens[1]; or return 1
        contains -- "$tokens[1]" $__fish_resutil_commands; and break
        set -l value (__fish_resutil_ask config get alias.$tokens[1])
        test -n "$value"; or break
        string match -q '!*' -- $value; and break
        set tokens (string split -n ' ' -- $value) $tokens[2..-1]
    end
    set -g __fish_resutil_meant $tokens
    printf '%s\n' $tokens
end

function __fish_resutil_command
    set -l words (__fish_resutil_words); or return 1
    echo $words[1]
end

function __fish_resutil_needs_command
    not __fish_resutil_words >/dev/null
end

function __fish_resutil_using
    test (__fish_resutil_command; or echo -) = $argv[1]
end

# The words behind the command that are no options.
function __fish_resutil_arguments
    set -l words (__fish_resutil_words)
    string match -v -- '-*' $words[2..-1]
end

# Paths in the experiment $argv[1]; in the latest one if that is not here and
# $argv[2] is not empty: runs of a project have much the same files. $argv[3]
# stands before each.
function __fish_resutil_inside
    set -l dir (__fish_resutil_ask rev-exp --path -- $argv[1])
    test -z "$dir"; and test -n "$argv[2]"
    and set dir (__fish_resutil_ask rev-exp --path @)
    test -n "$dir"; or return
    set -l typed (commandline -ct | string unescape)
    set typed (string replace -- "$argv[3]" '' $typed)
    set -l folder (string replace -r '[^/]*$' '' -- $typed)
    for path in $dir/$folder*
        set -l name $argv[3](string replace -- $dir/ '' $path)
        test -d $path; and set name $name/
        printf '%s\n' $name
    end
end

function __fish_resutil_exps
    set -l words (__fish_resutil_words)
    if contains -- "$words[1]" pull diff; and contains -- -- $words
        set -l exp (string match -v -- '-*' $words[2..-1])[1]
        test -n "$exp"; or set exp @
        __fish_resutil_inside $exp latest ''
        return
    end
    set -l typed (commandline -ct | string unescape)
    if test "$words[1]" = show; and string match -q '*:*' -- $typed
        set -l exp (string replace -r ':.*' '' -- $typed)
        __fish_resutil_inside $exp '' $exp:
        return
    end
    begin
        __fish_resutil_ask list-exps --tags
        # what the store held when it was last asked
        contains -- "$words[1]" pull show rm comment
        and __fish_resutil_ask list-remote --cached
    end | sort -u
end

function __fish_resutil_remotes
    __fish_resutil_ask remote list --format='%(name)'
end

function __fish_resutil_files
    __fish_complete_path (commandline -ct)
end

# The settings that somebody made: of alias.NAME and the like each has a name.
function __fish_resutil_set_keys
    __fish_resutil_ask config list --format='%(key)'
end

function __fish_resutil_aliases
    __fish_resutil_set_keys | string replace -f -r '^alias\.' ''
end

# KEY=VALUE; the arguments are the keys, each with its =.
function __fish_resutil_settings
    set -l key (commandline -ct | string match -r '^[^=]*(?==)')
    if test -n "$key"
        __fish_resutil_key_values $key | string replace -r '^' $key=
    else
        printf '%s\n' $argv
    end
end

# Words of config: verbs, `--`, keys.
function __fish_resutil_config
    set -l args (__fish_resutil_arguments)
    set -l end (contains -i -- -- $argv)
    switch (count $args)
        case 0
            printf '%s\n' $argv[1..(math $end - 1)]
        case 1
            printf '%s\n' $argv[(math $end + 1)..-1]
            __fish_resutil_set_keys
        case '*'
            test $args[1] = set; and __fish_resutil_key_values $args[2]
    end
end

# Words of remote; the arguments are its verbs.
function __fish_resutil_remote
    set -l args (__fish_resutil_arguments)
    if not set -q args[1]
        printf '%s\n' $argv
    else if test $args[1] = copy; and set -q args[3]
        __fish_resutil_exps
    else
        __fish_resutil_remotes
    end
end

function __fish_resutil_import
    set -l args (__fish_resutil_arguments)
    if set -q args[1]
        __fish_complete_directories
    else
        printf '%s\n' votakvot mlflow tensorboard wandb dvc
    end
end

# Several of the arguments, with commas between.
function __fish_resutil_items
    set -l typed (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l before (string match -r '^.*,' -- $typed)
    printf '%s\n' "$before"$argv
end

# The fields that runs here have.
function __fish_resutil_fields
    set -l typed (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l before (string match -r '^(?:.*,)?[-+]?' -- $typed)
    set -l fields (__fish_resutil_ask query --no-refresh --no-header \
        --format=tsv 'SELECT DISTINCT field FROM fields')
    set -q fields[1]; and printf '%s\n' "$before"$fields
end

# For commands that run a program: prints its words, and fails when it is not
# on the line yet. The arguments are the options that have a value.
function __fish_resutil_program
    set -l tokens (__fish_resutil_words)
    set -q tokens[1]; and set -e tokens[1]
    while set -q tokens[1]; and string match -q -- '-*' $tokens[1]
        set -l word $tokens[1]
        set -e tokens[1]
        test $word = --; and break
        contains -- $word $argv; and set -q tokens[1]; and set -e tokens[1]
    end
    set -q tokens[1]; and printf '%s\n' $tokens
end

function __fish_resutil_complete_program
    set -l words (__fish_resutil_program $argv)
    if set -q words[1]
        complete -C (string join ' ' -- (string escape -- $words) \
            (commandline -ct))
    else
        __fish_complete_command
    end
end

function __fish_resutil_external
    complete -C resutil- | string match -r '^resutil-[^\t]*' |
        string replace resutil- ''
end

complete -c resutil -f
complete -c resutil -n __fish_resutil_needs_command \
    -a '(__fish_resutil_external)' -d 'external command'
complete -c resutil -n __fish_resutil_needs_command \
    -a '(__fish_resutil_aliases)' -d alias
@DATA@
