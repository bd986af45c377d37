import {list, string} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';
import {checkReadable} from './input-file.js';

export const command = defineCommand({
	name: 'import',
	usage: '[OPTIONS] file|- [REPOSITORY[:TAG]]',
	summary: 'Make an image from a tar archive of a root file system',
	options: {
		change: list('c', 'A Dockerfile instruction for the image (CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, USER, VOLUME, WORKDIR)'),
		message: string('m', 'What it is'),
		platform: string('', 'The platform it is for', {later: 'it is this machine\'s'}),
	},
	arguments: {min: 1, max: 2},
	completes: ['file', 'image'],
	examples: [['debootstrap --variant=minbase trixie root && tar -C root -c . | tug import -c \'CMD ["bash"]\' - debian', 'a Debian of your own']],
	async run(context, {options, arguments: [file, reference]}) {
		if (/^https?:\/\//.test(file!)) {
			throw new CommandError(`can't fetch ${file!}: importing from a URL is not there yet`, {hint: `Pipe it in: curl -L ${file!} | tug import - ${reference ?? 'NAME'}`});
		}

		const source = file === '-' ? context.input.stream() : {path: checkReadable(context, file!)};
		const engine = await context.engine();
		const id = await engine.importImage(source, {
			changes: options.change,
			...(reference === undefined ? {} : {reference}),
			...(options.message === undefined ? {} : {message: options.message}),
		});
		context.output.write(`${id}\n`);
		return 0;
	},
});
