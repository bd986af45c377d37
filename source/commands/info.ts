import type {EngineInfo} from '../../engine/index.js';
import {string} from '../arguments/option.js';
import {formatMemory} from '../presentation/format-bytes.js';
import {defineCommand} from './context.js';
import {formatOneHelp} from './format-help.js';
import {printObject} from './print-object.js';

type Line = readonly [name: string, value: string];

export const command = defineCommand({
	name: 'info',
	usage: '[OPTIONS]',
	summary: 'Show what the engine can do here, and what it can\'t',
	options: {
		format: string('f', formatOneHelp),
	},
	arguments: {min: 0, max: 0},
	async run(context, {options}) {
		const engine = await context.engine();
		const info = await engine.info();
		if (options.format !== undefined && options.format !== '') {
			context.output.write(await printObject(info, options.format));
			return 0;
		}

		context.output.write(context.output.isTerminal ? await boxed(lines(info)) : lines(info).map(([name, value]) => `${name}: ${value}\n`).join(''));
		for (const warning of info.Warnings) {
			context.errors.write(`WARNING: ${warning}\n`);
		}

		return 0;
	},
});

function lines(info: EngineInfo): Line[] {
	const memory = info['MemTotal'];
	const candidates: ReadonlyArray<readonly [string, unknown]> = [
		['Containers', `${info.Containers} (${info.ContainersRunning} running, ${info.ContainersPaused} paused, ${info.ContainersStopped} stopped)`],
		['Images', info.Images],
		['Server Version', info.ServerVersion],
		['Storage Driver', info['Driver']],
		...(Array.isArray(info['DriverStatus']) ? (info['DriverStatus'] as ReadonlyArray<readonly [string, string]>).map(([name, value]) => [`  ${name}`, value] as const) : []),
		['Logging Driver', info['LoggingDriver']],
		['Cgroup Driver', info['CgroupDriver']],
		['Cgroup Version', info['CgroupVersion']],
		['Limits', info.Enforces === undefined ? undefined : info.Enforces.Limits.join(', ') || 'none can be enforced here'],
		['Device Guard', info.Enforces === undefined ? undefined : deviceGuards[info.Enforces.Devices]],
		['Security Options', Array.isArray(info['SecurityOptions']) ? (info['SecurityOptions'] as readonly string[]).map(option => option.replaceAll(/name=|profile=/g, '')).join(', ') : undefined],
		['Kernel Version', info['KernelVersion']],
		['Operating System', info['OperatingSystem']],
		['Architecture', info['Architecture']],
		['CPUs', info['NCPU']],
		['Total Memory', typeof memory === 'number' ? formatMemory(memory) : undefined],
		['Name', info.Name],
		['Root Dir', info.DockerRootDir],
	];
	return candidates.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => [name, String(value)]);
}

const deviceGuards: Readonly<Record<NonNullable<EngineInfo['Enforces']>['Devices'], string>> = {
	namespace: 'user namespace',
	filter: 'kernel filter (cgroup v2)',
	controller: 'devices controller (cgroup v1)',
	none: 'NONE',
};

async function boxed(rows: readonly Line[]): Promise<string> {
	const {default: Table} = await import('cli-table3');
	const table = new Table({style: {head: [], border: []}, wordWrap: true});
	table.push(...rows.map(row => [...row]));
	return `${table.toString()}\n`;
}
