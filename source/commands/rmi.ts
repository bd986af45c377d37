import {bool, list} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {isEngineError, reportFailure} from './report-error.js';

export const command = defineCommand({
	name: 'rmi',
	usage: '[OPTIONS] IMAGE [IMAGE...]',
	summary: 'Remove images',
	options: {
		force: bool('f', 'Remove it though a stopped container uses it or several names point to it'),
		'no-prune': bool('', 'Keep untagged parents'),
		platform: list('', 'Remove only this platform', {later: 'images of several platforms keep only the one of this machine'}),
	},
	arguments: {min: 1},
	completes: ['image'],
	async run(context, {options, arguments: names}) {
		const engine = await context.engine();
		let exitCode = 0;
		for (const name of names) {
			try {
				for (const {Untagged: untagged, Deleted: deleted} of await engine.removeImage(name, {force: options.force, noPrune: options['no-prune']})) {
					context.output.write(deleted === undefined || deleted === '' ? `Untagged: ${untagged}\n` : `Deleted: ${deleted}\n`);
				}
			} catch (error) {
				const isGone = options.force && isEngineError(error) && error.kind === 'notFound';
				reportFailure(context.errors, error, context.global.debug);
				exitCode = isGone ? exitCode : 1;
			}
		}

		return exitCode;
	},
});
