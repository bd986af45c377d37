import {string} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {writeArchive} from './output-file.js';

const formats = ['docker-archive', 'oci-archive'] as const;

export const command = defineCommand({
	name: 'save',
	usage: '[OPTIONS] IMAGE [IMAGE...]',
	summary: 'Save images to an archive',
	options: {
		format: string('', 'docker-archive (default; an OCI layout inside, too) or oci-archive', {choices: formats, differs: 'docker has no such option', check: value => (isFormat(value) ? undefined : `must be one of ${formats.join(', ')}`)}),
		output: string('o', 'Write this file instead of the standard output', {completes: 'file'}),
		platform: string('', 'Only this platform', {later: 'images of several platforms keep only the one of this machine'}),
	},
	arguments: {min: 1},
	completes: ['image'],
	examples: [['tug save -o tools.tar tools:1 busybox', 'several in one archive'], ['tug save web | ssh there docker load', 'to another machine']],
	async run(context, {options, arguments: names}) {
		const engine = await context.engine();
		const format = options.format === undefined || !isFormat(options.format) ? undefined : options.format;
		await writeArchive(context, options.output, async () => engine.saveImages(names, format === undefined ? {} : {format}));
		return 0;
	},
});

function isFormat(value: string): value is (typeof formats)[number] {
	return (formats as readonly string[]).includes(value);
}
