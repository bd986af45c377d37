import {bool} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';

export const command = defineCommand({
	name: 'cp',
	usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
	summary: 'Copy files between a container and this machine',
	description: 'With - as the source, a tar archive is read from the standard input and unpacked in the directory; with - as the destination, one is written to the standard output.',
	options: {
		archive: bool('a', 'Keep owners (copying in: uid and gid of the source)'),
		'follow-link': bool('L', 'Follow a symbolic link that SRC_PATH names'),
		quiet: bool('q', 'Don\'t say what was copied'),
	},
	arguments: {min: 2, max: 2},
	completes: ['container', 'file'],
	examples: [['tug cp web:/etc/nginx ./nginx', 'out of it'], ['tug cp index.html web:/www/', 'into it'], ['tug cp web:/var/log - | tar -t', 'as an archive']],
	async run(context, {options, arguments: [source, destination]}) {
		const from = splitPlace(source!);
		const to = splitPlace(destination!);
		if (from.container !== undefined && to.container !== undefined) {
			throw new CommandError('copying between containers is not supported');
		}

		if (from.container === undefined && to.container === undefined) {
			throw new CommandError('must specify at least one container source');
		}

		if (from.path === '' || to.path === '') {
			throw new CommandError(`${from.path === '' ? 'source' : 'destination'} can not be empty`);
		}

		const engine = await context.engine();
		if (from.container === undefined) {
			const {copyIn} = await import('./copy-in.js');
			await copyIn(context, engine, {source: from.path, container: to.container!, destination: to.path, keepsOwner: options.archive, followsLink: options['follow-link'], quiet: options.quiet});
		} else {
			const {copyOut} = await import('./copy-out.js');
			await copyOut(context, engine, {container: from.container, source: from.path, destination: to.path, keepsOwner: options.archive, followsLink: options['follow-link'], quiet: options.quiet});
		}

		return 0;
	},
});

/** `NAME:PATH`; a path with a colon is written `./a:b` or from the root. */
function splitPlace(text: string): {container: string | undefined; path: string} {
	const colon = text.indexOf(':');
	return colon <= 0 || /^[./]/.test(text) ? {container: undefined, path: text} : {container: text.slice(0, colon), path: text.slice(colon + 1)};
}
