import process from 'node:process';
import {string} from '../arguments/option.js';
import {productVersion} from '../product-version.js';
import {defineCommand} from './context.js';
import {formatOneHelp} from './format-help.js';
import {printObject} from './print-object.js';

export const command = defineCommand({
	name: 'version',
	usage: '[OPTIONS]',
	summary: 'Show the versions of tug and its engine',
	options: {
		format: string('f', formatOneHelp),
	},
	arguments: {min: 0, max: 0},
	examples: [['tug version --format \'{{.Server.Version}}\'', 'the engine\'s']],
	async run(context, {options}) {
		const engine = await context.engine();
		const server = await engine.version();
		const client = {Version: productVersion(), ApiVersion: String(server['ApiVersion'] ?? ''), NodeVersion: process.version, Os: process.platform, Arch: goArchitecture()};
		if (options.format !== undefined && options.format !== '') {
			context.output.write(await printObject({Client: client, Server: server}, options.format));
			return 0;
		}

		const lines: Array<[string, unknown]> = [
			['Version', server['Version']],
			['API version', `${String(server['ApiVersion'] ?? '')} (minimum version ${String(server['MinAPIVersion'] ?? '')})`],
			['OS/Arch', `${String(server['Os'] ?? process.platform)}/${String(server['Arch'] ?? client.Arch)}`],
			['Kernel', server['KernelVersion']],
		];
		context.output.write([
			'Client: tug',
			...section([['Version', client.Version], ['API version', client.ApiVersion], ['Node version', client.NodeVersion], ['OS/Arch', `${client.Os}/${client.Arch}`]]),
			'',
			`Server: ${engine.kind === 'embedded' ? 'built in' : engine.label}`,
			...section(lines.filter(([, value]) => value !== undefined && value !== '')),
			'',
		].join('\n'));
		return 0;
	},
});

function section(lines: ReadonlyArray<readonly [string, unknown]>): string[] {
	return lines.map(([name, value]) => ` ${`${name}:`.padEnd(19)}${String(value)}`);
}

function goArchitecture(): string {
	return ({x64: 'amd64', ia32: '386'} as Readonly<Record<string, string>>)[process.arch] ?? process.arch;
}
