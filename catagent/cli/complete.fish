# Completes catagent in fish. What Typer has to say, as it says it to its own script for
# fish, is data: none of it is evaluated.
function __catagent_complete
    set -l program (commandline -opc)[1]
    set -l option (string match -r -- '^--[^=]+=' (commandline -ct))
    set -l found (env COLUMNS=999 _CATAGENT_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) $program 2>/dev/null)
    string match -r -- '.+' "$option"$found
    test -n "$found"; or __fish_complete_path (commandline -ct)
end
complete -c catagent -k -f -a '(__catagent_complete)'
