import {containerOptions} from '../arguments/container-options.js';
import {defineCommand} from './context.js';
import {createContainer} from './create-container.js';

export const command = defineCommand({
	name: 'create',
	usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
	summary: 'Create a container',
	options: containerOptions,
	arguments: {min: 1},
	interspersed: false,
	completes: ['image', 'command'],
	examples: [['tug create -it --name work busybox', 'then: tug start -ai work']],
	async run(context, {options, given, arguments: [image, ...words]}) {
		const engine = await context.engine();
		const {id} = await createContainer(context, engine, {options, given, image: image!, command: words});
		context.output.write(`${id}\n`);
		return 0;
	},
});
