/** What every container must and must not be able to do, as docker 28 has it (its values were read in a container of docker 28.5). */
import fs from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import test from 'ava';
import {defaultDevices, maskedPaths, readonlyPaths} from '../../engine/runtime/security/default-paths.js';
import {openBox, type Box} from '../helpers/container-box.js';

const [EPERM, ENOENT, EACCES, EROFS, ENOSYS] = [1, 2, 13, 30, 38];
const isRoot = process.getuid!() === 0;

function statusField(lines: readonly string[], name: string): string | undefined {
	return lines.find(line => line.startsWith(`${name}:`))?.split(/\s+/)[1];
}

test('capabilities, seccomp and no_new_privs are docker\'s', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const {lines} = await box.run(['cat', '/proc/self/status']);
	t.is(statusField(lines, 'CapBnd'), '00000000a80425fb');
	t.is(statusField(lines, 'CapEff'), '00000000a80425fb');
	t.is(statusField(lines, 'CapPrm'), '00000000a80425fb');
	t.is(statusField(lines, 'CapInh'), '0000000000000000');
	t.is(statusField(lines, 'CapAmb'), '0000000000000000');
	t.is(statusField(lines, 'NoNewPrivs'), '0');
	t.is(statusField(lines, 'Seccomp'), '2');
});

test('another user in the container has no capabilities, but the same bounding set', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	let lines: readonly string[];
	try {
		({lines} = await box.run(['cat', '/proc/self/status'], {User: 'user'}));
	} catch (error) {
		t.log(`skipped: no second user here: ${(error as Error).message}`);
		t.pass();
		return;
	}

	t.deepEqual(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(name => statusField(lines, name)), [
		'0000000000000000',
		'0000000000000000',
		'0000000000000000',
		'00000000a80425fb',
		'0000000000000000',
	]);
	t.deepEqual(lines.filter(line => /^[UG]id:/.test(line)).map(line => line.split(/\s+/).slice(1, 5).join(' ')), ['1000 1000 1000 1000', '1000 1000 1000 1000']);
});

test('an exec session is as confined as the container', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const id = await box.start({HostConfig: {CapDrop: ['CHOWN'], SecurityOpt: ['no-new-privileges']}});
	const {lines} = await box.exec(id, ['cat', '/proc/self/status']);
	t.is(statusField(lines, 'CapBnd'), '00000000a80425fa');
	t.is(statusField(lines, 'CapEff'), '00000000a80425fa');
	t.is(statusField(lines, 'CapInh'), '0000000000000000');
	t.is(statusField(lines, 'NoNewPrivs'), '1');
	t.is(statusField(lines, 'Seccomp'), '2');
});

test('options change just what they name', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const status = async (HostConfig: NonNullable<Parameters<Box['start']>[0]>['HostConfig']) => (await box.run(['cat', '/proc/self/status'], {HostConfig: HostConfig!})).lines;
	t.is(statusField(await status({SecurityOpt: ['no-new-privileges']}), 'NoNewPrivs'), '1');
	t.is(statusField(await status({SecurityOpt: ['seccomp=unconfined']}), 'Seccomp'), '0');
	t.is(statusField(await status({CapDrop: ['ALL']}), 'CapBnd'), '0000000000000000');
	const added = await status({CapDrop: ['ALL'], CapAdd: ['NET_BIND_SERVICE']});
	t.is(statusField(added, 'CapEff'), '0000000000000400');
	t.is(statusField(added, 'NoNewPrivs'), '0');
});

test('calls that docker refuses are refused', async t => {
	const box = await openBox(t);
	if (box === undefined || process.arch !== 'x64') {
		t.pass();
		return;
	}

	// unshare(NEWUSER), mount, keyctl, bpf, io_uring_setup, socket(AF_VSOCK), socket(AF_ALG), personality, clone3, setns, getpid
	const calls = [['272', '0x10000000'], ['165', '0', '0', '0', '0', '0'], ['250', '0', '0'], ['321', '0', '0', '0'], ['425', '1', 'page'], ['41', '40', '1', '0'], ['41', '38', '5', '0'], ['135', '0x40000'], ['435', '0', '0'], ['308', '0', '0'], ['39']];
	const {lines} = await box.run(['probe', ...calls.flatMap(call => ['call', ...call, '--'])]);
	t.deepEqual(lines, [...Array.from({length: 8}, () => `errno ${EPERM}`), `errno ${ENOSYS}`, `errno ${EPERM}`, 'ok']);
});

test('masked paths are empty, missing or refused', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const masked = maskedPaths();
	const {lines} = await box.run(['probe', ...masked.flatMap(file => ['read', file, '--'])]);
	for (const [index, file] of masked.entries()) {
		const answer = lines[index]!;
		const isHidden = answer === '0 bytes' || answer === `errno ${ENOENT}` || answer === `errno ${EACCES}`;
		// A directory can be opened, not read: then it must be empty.
		const isEmptyFolder = answer === 'errno 21' && (await box.run(['ls', '-a', file])).lines.join(' ') === '. ..';
		t.true(isHidden || isEmptyFolder, `${file}: ${answer}`);
	}
});

test('kernel settings cannot be written', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const files = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/domainname', '/proc/sys/vm/drop_caches', '/proc/sys/kernel/modprobe', '/proc/sysrq-trigger', '/proc/irq/0/smp_affinity', '/sys/kernel/uevent_helper', '/sys/kernel/mm/ksm/run', '/sys/power/state'];
	const {lines} = await box.run(['probe', ...files.flatMap(file => ['write', file, '1', '--'])]);
	for (const [index, file] of files.entries()) {
		t.true([EROFS, ENOENT, EACCES, EPERM].some(errno => lines[index] === `errno ${errno}`), `${file}: ${lines[index]}`);
	}

	const {lines: made} = await box.run(['probe', ...readonlyPaths.flatMap(folder => ['mkdir', `${folder}/x`, '--'])]);
	t.true(made.every(line => /^errno (?:2|13|20|30|1)$/.test(line)), made.join(', '));
});

test('the devices are the ones every container has, and no other can be made', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const {lines} = await box.run(['probe', ...defaultDevices.flatMap(device => ['node', device.path, '--'])]);
	for (const [index, {path: node, major, minor}] of defaultDevices.entries()) {
		t.regex(lines[index]!, new RegExp(`^c ${major}:${minor} 666 `), node);
	}

	const names = (await box.run(['ls', '/dev'])).lines;
	t.deepEqual(names.filter(name => !['core', 'fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'].includes(name)), []);
	t.true((await box.run(['probe', 'write', '/dev/null', 'x', '--', 'read', '/dev/zero', '--', 'node', '/dev/ptmx', '--', 'write', '/dev/full', 'x'])).lines.join(',') === 'ok,4096 bytes,link pts/ptmx,errno 28');

	// Disks and memory of the host, known by number: not to be made, or not to be opened (docker: the devices cgroup or mknod refuses).
	const {lines: made} = await box.run(['probe', 'mknod', '/tmp/mem', 'c', '1:1', '--', 'mknod', '/tmp/kmsg', 'c', '1:11', '--', 'mknod', '/tmp/disk', 'b', '254:0', '--', 'mknod', '/dev/fuse', 'c', '10:229']);
	t.true(made.every(line => line !== 'ok'), made.join(', '));
});

test('--device lets in what it names', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	if (!isRoot || !fs.existsSync('/dev/fuse')) {
		t.log(`skipped: ${isRoot ? 'no /dev/fuse here' : 'the device may not be this user\'s to open'}`);
		t.pass();
		return;
	}

	const {lines} = await box.run(['probe', 'node', '/dev/fuse', '--', 'mknod', '/dev/again', 'c', '10:229', '--', 'mknod', '/dev/tun', 'c', '10:200'], {
		HostConfig: {Devices: [{PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm'}]},
	});
	t.regex(lines[0]!, /^c 10:229 /);
	t.is(lines[1], 'ok');
	t.is(lines[2], `open errno ${EPERM}`);
});

test('the groups of a user are docker\'s: the primary one is among the supplementary ones (CVE-2022-36109)', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	try {
		const {lines} = await box.run(['cat', '/proc/self/status'], {User: 'user'});
		t.is(statusField(lines, 'Groups'), '1000');
	} catch (error) {
		t.log(`skipped: no second user here: ${(error as Error).message}`);
		t.pass();
	}
});

test('the control groups a container sees are its own', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const {stdout} = await box.run(['cat', '/proc/self/cgroup']);
	t.deepEqual(stdout.trim().split('\n').filter(line => !line.endsWith(':/')), []);
	if (isRoot) {
		const folders = (await box.run(['ls', '/sys/fs/cgroup'])).lines;
		t.false(folders.includes('tug') || folders.includes('system.slice') || folders.includes('init.scope'), folders.join(' '));
	}
});

test('other processes, and the host\'s files and names, are out of sight', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const other = await box.start({name: 'neighbour'});
	const secret = `${box.root}/secret`;
	fs.writeFileSync(secret, 'of the host', {mode: 0o644});
	const {lines} = await box.run(['probe', 'processes', '--', 'read', secret, '--', 'read', `/proc/1/root${secret}`, '--', 'cwd']);
	t.is(lines[0], '1');
	t.is(lines[1], `errno ${ENOENT}`);
	t.is(lines[2], `errno ${ENOENT}`);
	t.is(lines[3], '/ inside');
	const {stdout} = await box.run(['cat', '/proc/sys/kernel/hostname', '/proc/net/dev']);
	t.not(stdout.split('\n')[0], os.hostname());
	t.deepEqual(stdout.split('\n').filter(line => line.includes(':')).map(line => line.split(':')[0]!.trim()), ['lo']);

	// What the neighbour writes stays with the neighbour.
	await box.exec(other, ['sh', '-c', 'probe mkdir /tmp/mine']);
	t.is((await box.run(['probe', 'node', '/tmp/mine'])).lines[0], `errno ${ENOENT}`);
	t.true((await box.exec(other, ['probe', 'node', '/tmp/mine'])).lines[0]!.startsWith('dir'));
});

test('the mounts of a container do not show where the host keeps things, but for the overlay itself', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const {stdout} = await box.run(['cat', '/proc/self/mountinfo']);
	const points = new Set(stdout.trim().split('\n').map(line => line.split(' ')[4]));
	t.true(points.has('/') && points.has('/proc') && points.has('/sys') && points.has('/dev'));
	const options = (point: string) => stdout.split('\n').find(line => line.split(' ')[4] === point)?.split(' ')[5]?.split(',') ?? [];
	for (const flag of ['nosuid', 'nodev', 'noexec']) {
		t.true(options('/proc').includes(flag) && options('/sys').includes(flag), flag);
	}

	t.true(options('/sys').includes('ro') && options('/proc/sys').includes('ro'));
	// Nothing is shared with the host's mount namespace.
	t.false(stdout.includes(' shared:'));
});

test('the root file system can be made read-only', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const {lines} = await box.run(['probe', 'mkdir', '/x', '--', 'mkdir', '/etc/x', '--', 'write', '/etc/passwd', 'x', '--', 'write', '/dev/null', 'x', '--', 'mkdir', '/dev/shm/x'], {HostConfig: {ReadonlyRootfs: true}});
	t.deepEqual(lines, [`errno ${EROFS}`, `errno ${EROFS}`, `errno ${EROFS}`, 'ok', 'ok']);
});

test('an unprivileged container is root only inside', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	if (isRoot) {
		t.log('skipped: this is root');
		t.pass();
		return;
	}

	const {lines} = await box.run(['cat', '/proc/self/uid_map']);
	t.regex(lines[0]!, new RegExp(`^\\s*0\\s+${process.getuid!()}\\s+1$`));
	const folder = fs.mkdtempSync(`${os.tmpdir()}/tug-owned-`);
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	await box.run(['probe', 'mkdir', '/mnt/by-root'], {HostConfig: {Binds: [`${folder}:/mnt`]}});
	t.is(fs.statSync(`${folder}/by-root`).uid, process.getuid!());
});
