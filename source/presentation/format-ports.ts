/** `0.0.0.0:8080->80/tcp, 443/tcp`: docker's text for a container's ports, neighbouring ones as a range. */
export type PortEntry = {readonly IP?: string; readonly PrivatePort: number; readonly PublicPort?: number; readonly Type: string};

type Run = {readonly ip: string; readonly type: string; readonly isPublished: boolean; first: number; last: number; publicFirst: number; publicLast: number};

export function formatPorts(ports: readonly PortEntry[] | null | undefined): string {
	const sorted = [...(ports ?? [])].sort((a, b) =>
		Number(a.PublicPort === undefined) - Number(b.PublicPort === undefined) || compare(a.Type, b.Type) || compare(a.IP ?? '', b.IP ?? '') || a.PrivatePort - b.PrivatePort || (a.PublicPort ?? 0) - (b.PublicPort ?? 0));
	const runs: Run[] = [];
	for (const port of sorted) {
		const isPublished = port.PublicPort !== undefined && port.PublicPort !== 0;
		const publicPort = port.PublicPort ?? 0;
		const last = runs.at(-1);
		if (last?.ip === (port.IP ?? '') && last.type === port.Type && last.isPublished === isPublished && port.PrivatePort === last.last + 1 && (!isPublished || publicPort === last.publicLast + 1)) {
			last.last = port.PrivatePort;
			last.publicLast = publicPort;
		} else {
			runs.push({ip: port.IP ?? '', type: port.Type, isPublished, first: port.PrivatePort, last: port.PrivatePort, publicFirst: publicPort, publicLast: publicPort});
		}
	}

	return runs.map(run => (run.isPublished ? `${formatHostPort(run.ip, range(run.publicFirst, run.publicLast))}->` : '') + `${range(run.first, run.last)}/${run.type}`).join(', ');
}

/** `0.0.0.0:80`, `[::]:80`. */
export function formatHostPort(ip: string, port: string | number): string {
	return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

function range(first: number, last: number): string {
	return first === last ? String(first) : `${first}-${last}`;
}

function compare(a: string, b: string): number {
	return a < b ? -1 : (a > b ? 1 : 0);
}
