/** Which engine the command line talks to. */
import {createEngine, type Engine} from '../../engine/index.js';
import {CommandError} from './context.js';

export async function openLocalEngine({root, hosts, environment}: {root: string | undefined; hosts: readonly string[]; environment: Readonly<Record<string, string | undefined>>}): Promise<Engine> {
	const host = hosts.at(-1) ?? environment['DOCKER_HOST'] ?? '';
	if (host !== '') {
		const from = hosts.length > 0 ? '--host' : 'DOCKER_HOST';
		throw new CommandError(`can't talk to ${host}: other engines are not supported yet (${from} asks for one)`, {
			hint: hosts.length > 0 ? 'Leave out --host to use the built-in engine.' : 'Unset DOCKER_HOST to use the built-in engine.',
		});
	}

	const place = root ?? environment['TUG_ROOT'];
	return createEngine(place === undefined || place === '' ? {} : {root: place});
}
