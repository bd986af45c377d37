import {bool, list, string} from '../arguments/option.js';
import {defineCommand} from './context.js';

export const command = defineCommand({
	name: 'commit',
	usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
	summary: 'Make an image from a container\'s changes',
	options: {
		author: string('a', 'Who made it'),
		change: list('c', 'A Dockerfile instruction for the image (CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, USER, VOLUME, WORKDIR)'),
		message: string('m', 'What was done'),
		pause: bool('p', 'Pause the container meanwhile', {initially: true}),
	},
	arguments: {min: 1, max: 2},
	completes: ['container', 'image'],
	examples: [['tug commit -m \'install curl\' -c \'CMD ["curl"]\' work tools:1', '']],
	async run(context, {options, arguments: [container, reference]}) {
		const engine = await context.engine();
		const id = await engine.commit({
			container: container!,
			pause: options.pause,
			changes: options.change,
			...(reference === undefined ? {} : {reference}),
			...(options.message === undefined ? {} : {comment: options.message}),
			...(options.author === undefined ? {} : {author: options.author}),
		});
		context.output.write(`${id}\n`);
		return 0;
	},
});
