/**
The launch plan of an exec session (moby daemon/exec_linux.go): the container's own settings, less what the session overrides.
*/
import type {ExecPlan, PlanFlagName} from '../runtime/plan.js';
import {resolveCapabilities} from '../runtime/security/capabilities.js';
import {overlayEnvironment} from './container-config.js';
import {readCgroups} from './container-cgroups.js';
import {eventAttributes, type ContainerContext} from './container-context.js';
import type {ContainerRecord} from './container.js';
import type {ExecRecord} from './exec.js';
import {containerEnvironment, seccompFilter} from './runtime-config.js';
import {parseRlimits, parseSecurityOptions} from './security-settings.js';

export type ExecPlanOptions = {
	readonly record: ExecRecord;
	readonly target: {readonly pid: number; readonly startTicks: number};
	readonly autoStart: boolean;
	readonly hasStdin: boolean;
	readonly size?: {readonly rows: number; readonly columns: number};
};

export async function execPlan(context: ContainerContext, container: ContainerRecord, options: ExecPlanOptions): Promise<ExecPlan> {
	const {record, target, size} = options;
	const {hostConfig} = container;
	const isPrivileged = hostConfig.Privileged || record.privileged;
	const capabilities = resolveCapabilities({add: hostConfig.CapAdd, drop: hostConfig.CapDrop, privileged: isPrivileged});
	const seccomp = await seccompFilter(isPrivileged, hostConfig.SecurityOpt, capabilities);
	const cgroups = readCgroups(context.store, container.id);
	const flags: ReadonlyArray<readonly [PlanFlagName, boolean]> = [
		['tty', record.tty],
		['openStdin', options.hasStdin],
		['stdinOnce', options.hasStdin],
		['autoStart', options.autoStart],
		['noNewPrivs', parseSecurityOptions(hostConfig.SecurityOpt ?? []).noNewPrivileges],
		['noSync', true],
		['singleId', context.store.mapping.single],
	];
	return {
		kind: 'exec',
		id: record.id,
		stateDir: context.store.layout.exec(record.id),
		socket: context.store.layout.socket(record.id),
		flags: flags.filter(([, isSet]) => isSet).map(([name]) => name),
		args: record.command,
		env: overlayEnvironment(containerEnvironment(container), [...(record.tty ? ['TERM=xterm'] : []), ...record.env]),
		cwd: record.workingFolder || container.config.WorkingDir || '/',
		user: record.user || container.config.User,
		groupAdd: hostConfig.GroupAdd ?? [],
		capabilities,
		rlimits: parseRlimits(hostConfig.Ulimits ?? []),
		...(seccomp === undefined ? {} : {seccomp}),
		...(hostConfig.OomScoreAdj === 0 ? {} : {oomScoreAdj: hostConfig.OomScoreAdj}),
		...(cgroups.length === 0 ? {} : {cgroups}),
		...(record.tty && size !== undefined ? {ttySize: size} : {}),
		events: {path: context.store.layout.events, attributes: JSON.stringify(eventAttributes(container)).slice(1, -1), actor: container.id},
		target: {pid: target.pid, startTicks: BigInt(target.startTicks)},
	};
}
