/**
Where a registry is: the base URLs to try for the domain of a reference (moby registry/service_v2.go).
*/
import net from 'node:net';
import type {RegistrySettings} from './registry-settings.js';

export type Endpoint = {
	/** What credentials and certificates are kept under: `docker.io`, `host:port`. */
	readonly host: string;
	/** Tried in order until one of them speaks the protocol; several only where plain http is allowed. */
	readonly bases: readonly URL[];
	/** False: any certificate will do. */
	readonly verifies: boolean;
	readonly isMirror: boolean;
};

/** docker.io's registry answers under another name than it is known by. */
const dockerHubUrl = 'https://registry-1.docker.io';

/** Mirrors first. A mirror only serves pulls. */
export function resolveEndpoints(domain: string, settings: Pick<RegistrySettings, 'mirrors' | 'insecure'>, purpose: 'pull' | 'push' = 'pull'): readonly Endpoint[] {
	if (domain !== 'docker.io') {
		return [hostEndpoint(domain, settings)];
	}

	const mirrors = purpose === 'pull' ? settings.mirrors.map(mirror => mirrorEndpoint(mirror, settings)) : [];
	return [...mirrors, {host: 'docker.io', bases: [new URL(dockerHubUrl)], verifies: true, isMirror: false}];
}

/** A host by itself, as `login` and `search` name it. */
export function hostEndpoint(host: string, settings: Pick<RegistrySettings, 'insecure'>): Endpoint {
	const isLoopback = isLoopbackHost(host);
	if (!isLoopback && !isInsecure(host, settings.insecure)) {
		return {host, bases: [new URL(`https://${host}`)], verifies: true, isMirror: false};
	}

	// What is on this machine usually speaks plain http; anywhere else credentials must not go out in the clear when there is a choice.
	const schemes = isLoopback ? ['http', 'https'] : ['https', 'http'];
	return {host, bases: schemes.map(scheme => new URL(`${scheme}://${host}`)), verifies: false, isMirror: false};
}

function mirrorEndpoint(mirror: string, settings: Pick<RegistrySettings, 'insecure'>): Endpoint {
	const url = new URL(mirror);
	return {host: url.host, bases: [url], verifies: !isLoopbackHost(url.host) && !isInsecure(url.host, settings.insecure), isMirror: true};
}

/** `localhost`, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopbackHost(host: string): boolean {
	const name = hostName(host);
	return name === 'localhost' || name === '::1' || (net.isIPv4(name) && name.startsWith('127.'));
}

function isInsecure(host: string, entries: readonly string[]): boolean {
	const name = hostName(host);
	return entries.some(entry => entry === host || entry === name || inNetwork(name, entry));
}

/** True when the address is in the network (`10.0.0.0/8`, `fd00::/8`). */
export function inNetwork(address: string, network: string): boolean {
	const match = /^(.+)\/(\d{1,3})$/.exec(network);
	const family = net.isIP(match?.[1] ?? '') === 6 ? 'ipv6' : 'ipv4';
	const bits = Number(match?.[2]);
	if (match === null || net.isIP(address) !== net.isIP(match[1]!) || net.isIP(address) === 0 || bits > (family === 'ipv6' ? 128 : 32)) {
		return false;
	}

	const list = new net.BlockList();
	list.addSubnet(match[1]!, bits, family);
	return list.check(address, family);
}

/** Without port and brackets. */
export function hostName(host: string): string {
	return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d+$/, '');
}

/** The host of a server as a person or a file names it. `https://index.docker.io/v1/`, `docker.io` or nothing: Docker Hub; anything else without scheme and path. */
export function registryHost(server: string): string {
	const host = server.replace(/^https?:\/\//, '').split('/', 1)[0]!;
	return host === '' || host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
