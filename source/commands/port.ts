import {formatHostPort} from '../presentation/format-ports.js';
import {CommandError, defineCommand} from './context.js';

type Bindings = Readonly<Record<string, ReadonlyArray<{readonly HostIp: string; readonly HostPort: string}> | null>>;

export const command = defineCommand({
	name: 'port',
	usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
	summary: 'List the published ports of a container',
	options: {},
	arguments: {min: 1, max: 2},
	completes: ['running', 'none'],
	async run(context, {arguments: [name, port]}) {
		const engine = await context.engine();
		const {NetworkSettings: settings} = await engine.inspectContainer(name!);
		const bindings = (settings?.Ports ?? {}) as Bindings;
		if (port === undefined) {
			const lines = Object.entries(bindings).flatMap(([inner, outer]) => (outer ?? []).map(({HostIp: ip, HostPort: hostPort}) => `${inner} -> ${formatHostPort(ip, hostPort)}\n`));
			context.output.write(lines.sort().join(''));
			return 0;
		}

		const found = bindings[port.includes('/') ? port : `${port}/tcp`];
		if (!found) {
			throw new CommandError(`No public port '${port}' published for ${name!}`);
		}

		context.output.write(found.map(({HostIp: ip, HostPort: hostPort}) => `${formatHostPort(ip, hostPort)}\n`).join(''));
		return 0;
	},
});
