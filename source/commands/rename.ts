import {defineCommand} from './context.js';

export const command = defineCommand({
	name: 'rename',
	usage: 'CONTAINER NEW_NAME',
	summary: 'Give a container another name',
	options: {},
	arguments: {min: 2, max: 2},
	completes: ['container', 'none'],
	async run(context, {arguments: [name, newName]}) {
		const engine = await context.engine();
		await engine.renameContainer(name!, newName!);
		return 0;
	},
});
