#compdef catagent
# Completes catagent in zsh. What Typer has to say, as it says it to its own script for
# fish, is data: none of it is evaluated.
_catagent() {
    local line value text
    local -a found open
    for line in "${(@f)$(env COLUMNS=999 _CATAGENT_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS="${(j: :)words[1,CURRENT-1]} $PREFIX" "${(Q)words[1]}" 2>/dev/null)}"; do
        value=${line%%$'\t'*} text=${${line#"$value"}#$'\t'}
        case $value in
            '') ;;
            *:) open+=("$value") ;;
            *) found+=("${value//:/\\:}${text:+:$text}") ;;
        esac
    done
    [[ $PREFIX == --*=* ]] && compset -P '--*='
    (( $#found )) && _describe -V value found
    (( $#open )) && compadd -S '' -a open
    (( $#found + $#open )) || _files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _catagent "$@"
else
    compdef _catagent catagent
fi
