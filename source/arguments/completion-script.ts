/** Scripts that ask `tug __complete` what could follow. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, string>> = {
	bash: String.raw`# tug completion for bash
_tug() {
	local words cword cur prev line
	if declare -F _get_comp_words_by_ref >/dev/null; then
		_get_comp_words_by_ref -n =: cur prev words cword
	else
		words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]}
	fi
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
			:files) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur") ;;
			:directories) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur") ;;
			*) COMPREPLY+=("\${line%%$'\t'*}") ;;
		esac
	done < <("\${words[0]}" __complete "\${words[@]:1:cword-1}" "$cur" 2>/dev/null)
	[[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
	declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
	return 0
}
complete -F _tug tug
`,
	zsh: String.raw`#compdef tug
# tug completion for zsh
_tug() {
	local -a found
	local line word what
	while IFS= read -r line; do
		case $line in
			:files) _files; return ;;
			:directories) _files -/; return ;;
			*)
				word=\${line%%$'\t'*}
				what=\${line#*$'\t'}
				if [[ $line == *$'\t'* ]]; then found+=("\${word//:/\\:}:$what"); else found+=("\${word//:/\\:}"); fi ;;
		esac
	done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT-1]}" "\${words[CURRENT]}" 2>/dev/null)
	_describe tug found
}
if [[ $funcstack[1] == _tug ]]; then _tug "$@"; else compdef _tug tug; fi
`,
	fish: String.raw`# tug completion for fish
function __tug_complete
	set -l words (commandline -opc) (commandline -ct)
	for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
		switch $line
			case :files
				__fish_complete_path (commandline -ct)
			case :directories
				__fish_complete_directories (commandline -ct)
			case '*'
				echo $line
		end
	end
end
complete -c tug -f -a '(__tug_complete)'
`,
};

export function completionScript(shell: Shell): string {
	return scripts[shell].replaceAll('\\$', '$').replaceAll(String.raw`\\:`, String.raw`\:`);
}
