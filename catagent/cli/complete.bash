# Completes catagent in bash. What Typer has to say, as it says it to its own script, is data:
# none of it is evaluated.
_catagent() {
    local typed=${COMP_LINE:0:COMP_POINT} value
    # Bash breaks a word at : and =, and puts a candidate in the place of its last part alone.
    local word=${typed##*[[:space:]]}
    [[ $word == --*=* ]] && word=${word#*=}
    local before=${word%"$2"}
    COMPREPLY=()
    while IFS= read -r value; do
        [[ $value ]] && COMPREPLY+=("${value#"$before"}")
        [[ $value == *: ]] && compopt -o nospace
    done < <(env _CATAGENT_COMPLETE=complete_bash COMP_WORDS="$typed''" COMP_CWORD=-1 "$1")
} 2>/dev/null
# Where there is no candidate, a file is completed.
complete -o default -F _catagent catagent
