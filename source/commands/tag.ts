import {defineCommand} from './context.js';

export const command = defineCommand({
	name: 'tag',
	usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
	summary: 'Give an image another name',
	options: {},
	arguments: {min: 2, max: 2},
	completes: ['image', 'image'],
	async run(context, {arguments: [source, target]}) {
		const engine = await context.engine();
		await engine.tagImage(source!, target!);
		return 0;
	},
});
