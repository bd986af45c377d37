/** `nofile=1024:2048`. */
export type UlimitValue = {readonly Name: string; readonly Soft: number; readonly Hard: number};

const names = new Set(['core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', 'sigpending', 'stack']);

export function parseUlimit(text: string): UlimitValue | {readonly wrong: string} {
	const equals = text.indexOf('=');
	if (equals === -1) {
		return {wrong: `invalid ulimit argument: ${text}`};
	}

	const name = text.slice(0, equals).toLowerCase();
	if (!names.has(name)) {
		return {wrong: `invalid ulimit type: ${name}`};
	}

	const parts = text.slice(equals + 1).split(':');
	if (parts.length > 2 || !parts.every(part => /^(-1|\d+)$/.test(part))) {
		return {wrong: `too many or malformed limit values - ${text.slice(equals + 1)}, can only have up to two, soft[:hard]`};
	}

	const soft = Number(parts[0]);
	const hard = Number(parts[1] ?? parts[0]);
	if (hard !== -1 && (soft === -1 || soft > hard)) {
		return {wrong: `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`};
	}

	return {Name: name, Soft: soft, Hard: hard};
}

export function ulimitProblem(text: string): string | undefined {
	const parsed = parseUlimit(text);
	return 'wrong' in parsed ? parsed.wrong : undefined;
}
