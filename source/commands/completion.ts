import {completionScript, shells, type Shell} from '../arguments/completion-script.js';
import {CommandError, defineCommand} from './context.js';

export const command = defineCommand({
	name: 'completion',
	usage: 'bash|zsh|fish',
	summary: 'Print a script that completes commands, options and names',
	options: {},
	arguments: {min: 1, max: 1},
	completes: ['none'],
	examples: [
		['source <(tug completion bash)', 'now, in bash'],
		['tug completion bash > ~/.local/share/bash-completion/completions/tug', 'always, in bash'],
		['tug completion zsh > ~/.zsh/completions/_tug', 'always, in zsh (a folder of $fpath)'],
		['tug completion fish > ~/.config/fish/completions/tug.fish', 'always, in fish'],
	],
	async run(context, {arguments: [shell]}) {
		if (!isShell(shell!)) {
			throw new CommandError(`no completion for ${shell!}: there is one for ${shells.join(', ')}`);
		}

		context.output.write(completionScript(shell));
		return 0;
	},
});

function isShell(word: string): word is Shell {
	return (shells as readonly string[]).includes(word);
}
