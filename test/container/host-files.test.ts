/** /etc/hosts, /etc/hostname and /etc/resolv.conf of a container. */
import fs from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {containerPlaces} from '../../engine/container/container-store.js';
import {hostFiles, writeHostFiles} from '../../engine/container/host-files.js';
import {containerRecord, placeRecord} from '../helpers/container-record.js';
import {testStore} from '../helpers/image-lab.js';

function written(t: ExecutionContext, options: Readonly<Record<string, unknown>>): Readonly<Record<'hosts' | 'hostname' | 'resolvConf', string>> {
	const store = testStore(t);
	const record = containerRecord(options);
	placeRecord(store, record);
	writeHostFiles(store, record);
	const places = containerPlaces(store, record.id);
	const inode = fs.statSync(places.hosts).ino;
	writeHostFiles(store, record);
	t.is(fs.statSync(places.hosts).ino, inode, 'what is mounted is not replaced');
	const text = (file: string) => fs.readFileSync(file, 'utf8');
	return {hosts: text(places.hosts), hostname: text(places.hostname), resolvConf: text(places.resolvConf)};
}

test('hosts: loopback, what was added, itself', t => {
	const {hosts, hostname} = written(t, {Hostname: 'box', Domainname: 'example.test', HostConfig: {ExtraHosts: ['db:10.0.0.1', 'six:[fe80::1]', 'two:10.0.0.2', 'two:10.0.0.3']}});
	t.is(hostname, 'box\n');
	t.deepEqual(hosts.split('\n').filter(line => line !== ''), [
		'127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', 'fe00::\tip6-localnet', 'ff00::\tip6-mcastprefix', 'ff02::1\tip6-allnodes', 'ff02::2\tip6-allrouters',
		'10.0.0.1\tdb', 'fe80::1\tsix', '10.0.0.2\ttwo', '10.0.0.3\ttwo', '127.0.1.1\tbox.example.test box',
	]);
	t.regex(written(t, {Hostname: 'box'}).hosts, /^127\.0\.1\.1\tbox$/m);
});

test('with the host\'s network its hosts, with what was added', t => {
	const {hosts} = written(t, {Hostname: 'box', HostConfig: {NetworkMode: 'host', ExtraHosts: ['db:10.0.0.1']}});
	t.is(hosts, `${fs.readFileSync('/etc/hosts', 'utf8')}10.0.0.1\tdb\n`);
});

test('resolvers: one\'s own replace the host\'s kind by kind; those on its loopback can\'t be reached', t => {
	const {resolvConf} = written(t, {HostConfig: {Dns: ['192.0.2.1', '2001:db8::1'], DnsSearch: ['a.test', 'b.test'], DnsOptions: ['ndots:2', 'rotate']}});
	const lines = resolvConf.split('\n').filter(line => line !== '' && !line.startsWith('#') && !line.startsWith(';'));
	t.deepEqual(lines, ['nameserver 192.0.2.1', 'nameserver 2001:db8::1', 'search a.test b.test', 'options ndots:2 rotate']);
	t.notRegex(written(t, {}).resolvConf, /^\s*nameserver\s+(127\.|::1)/m);
	t.notRegex(written(t, {HostConfig: {DnsSearch: ['.']}}).resolvConf, /^search/m, 'a dot takes the domains away');
	const host = fs.readFileSync('/etc/resolv.conf', 'utf8').split('\n').filter(line => line.startsWith('nameserver'));
	t.deepEqual(written(t, {HostConfig: {NetworkMode: 'host'}}).resolvConf.split('\n').filter(line => line.startsWith('nameserver')), host);
});

test('where they go, less what the container mounts itself', t => {
	const store = testStore(t);
	const record = containerRecord({HostConfig: {Binds: ['/x:/etc/hosts']}});
	const places = containerPlaces(store, record.id);
	t.deepEqual(hostFiles(places, record).map(({target}) => target), ['/etc/resolv.conf', '/etc/hostname']);
	t.deepEqual(hostFiles(places, containerRecord()).map(({source}) => source), [places.resolvConf, places.hostname, places.hosts]);
});

test('a host name is the host\'s where the namespace is', t => {
	t.is(written(t, {Hostname: '', HostConfig: {UTSMode: 'host'}}).hostname.trim(), fs.readFileSync('/etc/hostname', 'utf8').trim());
});
