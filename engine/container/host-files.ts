/**
/etc/hosts, /etc/hostname and /etc/resolv.conf of a container: written for each start, mounted over the image's.
*/
import fs from 'node:fs';
import {readIfThere} from '../files/atomic-file.js';
import {systemError} from '../errors.js';
import type {Store} from '../store/open-store.js';
import type {ContainerRecord} from './container.js';
import {containerPlaces} from './container-store.js';

/** Writes them. What a running container may read is not replaced but written anew, as it is mounted by inode. */
export function writeHostFiles(store: Store, record: ContainerRecord): void {
	const places = containerPlaces(store, record.id);
	const hostname = record.config.Hostname;
	try {
		write(places.hostname, `${hostname || hostText('/etc/hostname').trim()}\n`);
		write(places.hosts, hostsFile(record));
		write(places.resolvConf, resolvFile(record));
	} catch (error) {
		throw systemError(`preparing container ${record.name}`, error);
	}
}

/** Where they are in the container, less those something else is mounted on. */
export function hostFiles({resolvConf, hostname, hosts}: Pick<ReturnType<typeof containerPlaces>, 'resolvConf' | 'hostname' | 'hosts'>, record: ContainerRecord) {
	return [{source: resolvConf, target: '/etc/resolv.conf'}, {source: hostname, target: '/etc/hostname'}, {source: hosts, target: '/etc/hosts'}]
		.filter(({target}) => !record.mounts.some(mount => mount.destination === target))
		.map(file => ({...file, isWritable: true}));
}

function write(file: string, content: string): void {
	fs.writeFileSync(file, content, {mode: 0o644});
}

function hostsFile({config, hostConfig}: ContainerRecord): string {
	const extra = (hostConfig.ExtraHosts ?? []).map(entry => {
		const colon = entry.indexOf(':');
		return `${entry.slice(colon + 1).replace(/^\[(.*)\]$/, '$1')}\t${entry.slice(0, colon)}\n`;
	});
	if (hostConfig.NetworkMode === 'host') {
		return hostText('/etc/hosts') + extra.join('');
	}

	const own = config.Hostname === '' ? '' : `127.0.1.1\t${config.Domainname === '' ? '' : `${config.Hostname}.${config.Domainname} `}${config.Hostname}\n`;
	return [
		'127.0.0.1\tlocalhost\n',
		'::1\tlocalhost ip6-localhost ip6-loopback\n',
		'fe00::\tip6-localnet\n',
		'ff00::\tip6-mcastprefix\n',
		'ff02::1\tip6-allnodes\n',
		'ff02::2\tip6-allrouters\n',
		...extra,
		own,
	].join('');
}

/** The host's, with what was asked for in its place. Without the host's network its resolvers on the loopback can't be reached, so they are left out. */
function resolvFile({hostConfig}: ContainerRecord): string {
	const {Dns: servers, DnsSearch: search, DnsOptions: options} = hostConfig;
	const isReplaced = (line: string) =>
		(servers.length > 0 && /^\s*nameserver\s/.test(line))
		|| (search.length > 0 && /^\s*(search|domain)\s/.test(line))
		|| (options.length > 0 && /^\s*options\s/.test(line))
		|| (hostConfig.NetworkMode !== 'host' && /^\s*nameserver\s+(127\.|::1)/.test(line));
	const kept = hostText('/etc/resolv.conf').split('\n').filter(line => line.trim() !== '' && !isReplaced(line));
	const words = search.filter(word => word !== '.');
	return [
		...kept,
		...servers.map(server => `nameserver ${server}`),
		...(words.length === 0 ? [] : [`search ${words.join(' ')}`]),
		...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
		'',
	].join('\n');
}

function hostText(file: string): string {
	try {
		return readIfThere(file)?.toString('utf8') ?? '';
	} catch {
		return ''; // Not readable for us: as if it were empty
	}
}
