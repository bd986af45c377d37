import {defineCommand} from './context.js';

const letters = ['C', 'A', 'D'] as const;

export const command = defineCommand({
	name: 'diff',
	usage: 'CONTAINER',
	summary: 'Show what a container changed in its file system',
	description: 'A: added, C: changed, D: deleted.',
	options: {},
	arguments: {min: 1, max: 1},
	completes: ['container'],
	async run(context, {arguments: [name]}) {
		const engine = await context.engine();
		const changes = await engine.changes(name!);
		context.output.write(changes.map(change => `${letters[change.Kind]} ${change.Path}\n`).join(''));
		return 0;
	},
});
