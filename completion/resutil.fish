# fish completion of resutil. What commands and options there are was taken
# from the program when it was built.

# Prints the command on the line, and fails when there is none yet.
function __fish_resutil_command
    set -l tokens (commandline -opc)
    set -e tokens[1]
    while set -q tokens[1]
        switch $tokens[1]
            case -C -c
                set -e tokens[1]
                set -q tokens[1]; and set -e tokens[1]
            case '-*'
                set -e tokens[1]
            case '*'
                echo $tokens[1]
                return 0
        end
    end
    return 1
end

function __fish_resutil_needs_command
    not __fish_resutil_command >/dev/null
end

function __fish_resutil_using
    test (__fish_resutil_command; or echo -) = $argv[1]
end

# What -C and -c say goes to the program that is asked, too.
function __fish_resutil_global
    set -l tokens (commandline -opc)
    set -e tokens[1]
    while set -q tokens[2]; and contains -- $tokens[1] -C -c
        printf '%s\n' $tokens[1] $tokens[2]
        set -e tokens[1..2]
    end
end

function __fish_resutil_exps
    begin
        command resutil (__fish_resutil_global) list-exps --tags
        # what the store held when it was last asked
        contains -- (__fish_resutil_command) pull show rm comment
        and command resutil (__fish_resutil_global) list-remote --cached
    end 2>/dev/null | sort -u
end

function __fish_resutil_remotes
    command resutil (__fish_resutil_global) remote list 2>/dev/null
end

# The settings that somebody made: of alias.NAME and the like each has a name.
function __fish_resutil_set_keys
    command resutil (__fish_resutil_global) config list --format='%(key)' \
        2>/dev/null
end

function __fish_resutil_aliases
    __fish_resutil_set_keys | string replace -f -r '^alias\.' ''
end

# For commands that run a program: prints its words, and fails when it is not
# on the line yet. The arguments are the options that have a value.
function __fish_resutil_program
    set -l tokens (commandline -opc)
    set -e tokens[1]
    while set -q tokens[1]; and string match -q -- '-*' $tokens[1]
        contains -- $tokens[1] -C -c; and set -e tokens[1]
        set -q tokens[1]; and set -e tokens[1]
    end
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
