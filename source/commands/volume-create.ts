import {keyValues, labelProblem} from '../arguments/key-values.js';
import {list, string} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';

export const command = defineCommand({
	name: 'volume create',
	usage: '[OPTIONS] [VOLUME]',
	summary: 'Create a volume',
	description: 'One of that name that is there already is left as it is.',
	options: {
		driver: string('d', 'The driver: local', {choices: ['local'], differs: 'local is the only one'}),
		label: list('', 'Set a label (key=value)', {check: labelProblem}),
		name: string('', 'Its name', {hidden: true}),
		opt: list('o', 'What is mounted for it: type=none, o=bind, device=/folder of the host; or type=tmpfs, device=tmpfs, o=size=…', {value: 'map', differs: 'folders of the host and tmpfs; each container gets a tmpfs of its own'}),
	},
	arguments: {min: 0, max: 1},
	examples: [['tug volume create data', ''], ['tug volume create -o type=none -o o=bind -o device=/srv/data data', 'a folder of the host by a name']],
	async run(context, {options, arguments: [asked]}) {
		if (asked !== undefined && options.name !== undefined) {
			throw new CommandError('conflicting options: cannot specify a volume-name through both --name and as a positional arg');
		}

		const name = asked ?? options.name;
		const engine = await context.engine();
		const {Name} = await engine.createVolume({
			...(name === undefined ? {} : {Name: name}),
			...(options.driver === undefined ? {} : {Driver: options.driver}),
			Labels: keyValues(options.label),
			DriverOpts: keyValues(options.opt),
		});
		context.output.write(`${Name}\n`);
		return 0;
	},
});
