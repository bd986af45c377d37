import {bool, string} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';
import {checkReadable} from './input-file.js';

export const command = defineCommand({
	name: 'load',
	usage: '[OPTIONS]',
	summary: 'Load images from an archive',
	description: 'A docker or OCI archive, plain or compressed by gzip (or zstd, where Node or the zstd program can read it).',
	options: {
		input: string('i', 'Read this file instead of the standard input', {completes: 'file'}),
		platform: string('', 'Only this platform', {later: 'images of several platforms keep only the one of this machine'}),
		quiet: bool('q', 'Don\'t show the progress', {differs: 'loading shows only its result in any case'}),
	},
	arguments: {min: 0, max: 0},
	examples: [['tug load -i busybox.tar', ''], ['ssh there docker save web | tug load', 'from another machine']],
	async run(context, {options}) {
		if (options.input === undefined && context.input.isTerminal) {
			throw new CommandError('requested load from stdin, but stdin is empty', {hint: 'Name an archive (tug load -i FILE) or pipe one in.'});
		}

		const source = options.input === undefined ? context.input.stream() : {path: checkReadable(context, options.input)};
		const engine = await context.engine();
		for await (const message of engine.loadImages(source)) {
			if (message.stream !== undefined) {
				context.output.write(message.stream);
			}
		}

		return 0;
	},
});
