import {bool, string} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';
import {showProgress, streamExit} from './show-progress.js';

export const command = defineCommand({
	name: 'pull',
	usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
	summary: 'Fetch an image from a registry',
	description: 'Every byte is checked before it has a name. A pull that was broken off goes on where it stopped.',
	options: {
		'all-tags': bool('a', 'Fetch all tags of the repository'),
		'disable-content-trust': bool('', 'Skip checking signatures', {hidden: true, initially: true}),
		platform: string('', 'Of which platform, where there are several (os/arch[/variant])'),
		quiet: bool('q', 'Print only the image\'s name'),
	},
	arguments: {min: 1, max: 1},
	completes: ['image'],
	examples: [['tug pull alpine', 'docker.io/library/alpine:latest'], ['tug pull registry.local:5000/team/app:2', 'from a registry of one\'s own']],
	async run(context, {options, arguments: [name]}) {
		if (options['all-tags'] && isTagged(name!)) {
			throw new CommandError('tag can\'t be used with --all-tags/-a');
		}

		if (!options.quiet && !options['all-tags'] && !isTagged(name!)) {
			context.output.write('Using default tag: latest\n');
		}

		const engine = await context.engine();
		const signal = context.interrupted();
		await showProgress(context.output, engine.pullImage(name!, {
			...(options.platform === undefined ? {} : {platform: options.platform}),
			...(options['all-tags'] ? {allTags: true} : {}),
			signal,
		}), options);
		const exitCode = streamExit(context, signal);
		if (exitCode === 0) {
			context.output.write(`${canonicalName(name!, options['all-tags'])}\n`);
		}

		return exitCode;
	},
});

/** True with a tag or a digest. */
export function isTagged(name: string): boolean {
	return name.includes('@') || name.lastIndexOf(':') > name.lastIndexOf('/');
}

/** As docker's last line has it: with the registry, and the tag that was meant. */
function canonicalName(name: string, allTags: boolean): string {
	const slash = name.indexOf('/');
	const first = slash === -1 ? '' : name.slice(0, slash);
	const isHost = /[.:]/.test(first) || first === 'localhost';
	const repository = isHost ? name : `docker.io/${slash === -1 ? 'library/' : ''}${name}`;
	return allTags || isTagged(name) ? repository : `${repository}:latest`;
}
