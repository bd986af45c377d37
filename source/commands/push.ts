import {bool, string} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';
import {isTagged} from './pull.js';
import {showProgress, streamExit} from './show-progress.js';

export const command = defineCommand({
	name: 'push',
	usage: '[OPTIONS] NAME[:TAG]',
	summary: 'Send an image to a registry',
	description: 'Layers that were pulled go out as they came; what the registry has is not sent again.',
	options: {
		'all-tags': bool('a', 'Send all tags of the repository'),
		'disable-content-trust': bool('', 'Skip signing', {hidden: true, initially: true}),
		platform: string('', 'Only if the image is of this platform (os/arch[/variant])'),
		quiet: bool('q', 'Print only the image\'s name'),
	},
	arguments: {min: 1, max: 1},
	completes: ['image'],
	examples: [['tug tag app registry.local:5000/team/app && tug push registry.local:5000/team/app', 'to a registry of one\'s own']],
	async run(context, {options, arguments: [name]}) {
		if (options['all-tags'] && isTagged(name!)) {
			throw new CommandError('tag can\'t be used with --all-tags/-a');
		}

		if (!options.quiet && !options['all-tags'] && !isTagged(name!)) {
			context.output.write('Using default tag: latest\n');
		}

		const engine = await context.engine();
		const signal = context.interrupted();
		await showProgress(context.output, engine.pushImage(name!, {
			...(options.platform === undefined ? {} : {platform: options.platform}),
			...(options['all-tags'] ? {allTags: true} : {}),
			signal,
		}), options);
		const exitCode = streamExit(context, signal);
		if (exitCode === 0 && options.quiet) {
			context.output.write(`${options['all-tags'] || isTagged(name!) ? name! : `${name!}:latest`}\n`);
		}

		return exitCode;
	},
});
