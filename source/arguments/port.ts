/** `-p [[ip:]port:]port[/protocol]`, ports also as ranges. */
export type PublishedPort = {readonly containerPort: string; readonly hostIp: string; readonly hostPort: string};

/** One entry a port. Undefined when it is malformed. */
export function parsePublish(text: string): PublishedPort[] | {readonly wrong: string} {
	const match = /^(?:(?:\[([\da-fA-F:.%]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d+(?:-\d+)?)?:|(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/i.exec(text);
	if (match === null) {
		return {wrong: `invalid port specification: ${text} (it is [[ip:]port:]port[/protocol])`};
	}

	const [, ip6, ip4, hostAtIp, hostAlone, container, protocol = 'tcp'] = match;
	const host = hostAtIp ?? hostAlone;
	const inner = range(container!);
	const outer = host === undefined ? undefined : range(host);
	if (inner === undefined || (host !== undefined && outer === undefined)) {
		return {wrong: `invalid port range: ${text}`};
	}

	const innerCount = inner.last - inner.first + 1;
	if (outer !== undefined && outer.last - outer.first + 1 !== innerCount && innerCount !== 1) {
		return {wrong: `invalid ranges specified for container and host Ports: ${container} and ${host}`};
	}

	return Array.from({length: innerCount}, (_, index) => ({
		containerPort: `${inner.first + index}/${protocol.toLowerCase()}`,
		hostIp: ip6 ?? ip4 ?? '',
		// One port inside and a range outside: the first free one of it.
		hostPort: outer === undefined ? '' : (innerCount === 1 ? host! : String(outer.first + index)),
	}));
}

/** `--expose 80`, `8000-8010/udp`: `80/tcp` …; undefined when malformed. */
export function parseExpose(text: string): string[] | undefined {
	const match = /^(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/i.exec(text);
	const ports = match === null ? undefined : range(match[1]!);
	return ports === undefined ? undefined : Array.from({length: ports.last - ports.first + 1}, (_, index) => `${ports.first + index}/${(match![2] ?? 'tcp').toLowerCase()}`);
}

function range(text: string): {first: number; last: number} | undefined {
	const [first, last = first] = text.split('-').map(Number) as [number, number?];
	return first > 0 && last >= first && last <= 65_535 ? {first, last} : undefined;
}
