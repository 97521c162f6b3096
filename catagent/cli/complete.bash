# Completes catagent in bash. What Typer has to say, as it says it to its own script for
# fish, is data: none of it is evaluated.
_catagent() {
    local typed=${COMP_LINE:0:COMP_POINT} value
    # Bash breaks a word at : and =, and puts a candidate in the place of its last part alone.
    local word=${typed##*[[:space:]]}
    [[ $word == --*=* ]] && word=${word#*=}
    local before=${word%"$2"}
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        [[ $value ]] && COMPREPLY+=("${value#"$before"}")
        [[ $value == *: ]] && compopt -o nospace
    done < <(env COLUMNS=999 _CATAGENT_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS="$typed" "$1")
} 2>/dev/null
# Where there is no candidate, a file is completed.
complete -o default -F _catagent catagent
