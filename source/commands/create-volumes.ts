import path from 'node:path';
import {CommandError} from './context.js';

/** `-v` words as docker's request has them: what is mounted from somewhere, and places that get a volume of their own. Throws CommandError with exit code 125. */
export function volumes(specs: readonly string[], directory: string): {binds: string[] | undefined; anonymous: Record<string, Record<string, never>> | undefined} {
	const binds: string[] = [];
	const anonymous: Record<string, Record<string, never>> = {};
	for (const spec of specs) {
		const [source, ...rest] = spec.split(':') as [string, ...string[]];
		if (spec === '') {
			throw wrong('invalid empty volume spec');
		}

		if (source === '' || rest.includes('')) {
			throw wrong(`invalid spec: ${spec}: empty section between colons`);
		}

		if (rest.length > 2) {
			throw wrong(`invalid volume specification: '${spec}'`);
		}

		if (rest.length === 0) {
			anonymous[source] = {};
		} else {
			binds.push([/^(\.\.?(\/|$)|\/)/.test(source) ? path.resolve(directory, source) : source, ...rest].join(':'));
		}
	}

	return {binds: binds.length === 0 ? undefined : binds, anonymous: Object.keys(anonymous).length === 0 ? undefined : anonymous};
}

function wrong(message: string): CommandError {
	return new CommandError(message, {exitCode: 125});
}
