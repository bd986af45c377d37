import fs from 'node:fs';
import {CommandError, defineCommand} from './context.js';
import {checkReadable} from './input-file.js';

export const command = defineCommand({
	name: 'volume import',
	usage: 'VOLUME [FILE]',
	summary: 'Put what is in a tar archive into a volume',
	description: 'From the file, or the standard input. A volume that is not there is made, with all of the archive or not at all; in one that is there, files of the same names are replaced and others stay.',
	options: {},
	arguments: {min: 1, max: 2},
	completes: ['volume', 'file'],
	examples: [['tug volume import data < data.tar', 'from a backup']],
	async run(context, {arguments: [name, file = '-']}) {
		if (file === '-' && context.input.isTerminal) {
			throw new CommandError('requested import from stdin, but stdin is empty', {hint: 'Name an archive (tug volume import VOLUME FILE) or pipe one in.'});
		}

		const tar = file === '-' ? context.input.stream() : fs.createReadStream(checkReadable(context, file));
		const engine = await context.engine();
		await engine.importVolume(name!, tar);
		context.output.write(`${name!}\n`);
		return 0;
	},
});
