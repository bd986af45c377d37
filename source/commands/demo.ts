import {defineCommand} from './context.js';

export const command = defineCommand({
	name: 'demo',
	usage: '',
	summary: 'Start some containers from a small built-in image',
	options: {},
	arguments: {min: 0, max: 0},
	async run(context) {
		const engine = await context.engine();
		const {startDemo} = await import('../../engine/index.js');
		const names = await startDemo(engine, {
			onStep(step) {
				context.errors.write(`${step}\n`);
			},
		});
		context.output.write(`${names.join('\n')}\n`);
		if (context.output.isTerminal) {
			context.errors.write(`\nType tug to see them, and to have them gone again:\n  tug rm -f ${names.join(' ')}\n`);
		}

		return 0;
	},
});
