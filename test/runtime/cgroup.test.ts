import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import {createCgroups, detectCgroups, planCgroups, removeCgroups, settingsOf} from '../../engine/runtime/cgroup.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const hybrid = [
	'32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu',
	'35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
	'40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd',
	'41 31 0:38 / /nowhere/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');

test('a hybrid host: root gets the v1 controllers, others nothing', t => {
	const root = detectCgroups(0, {mountinfo: hybrid, own: '0::/', mayMakeGroups: folder => !folder.startsWith('/nowhere')});
	t.deepEqual([...root.legacy], [['cpu', '/sys/fs/cgroup/cpu'], ['memory', '/sys/fs/cgroup/memory']]);
	t.is(root.unified, undefined);
	t.is(detectCgroups(0, {mountinfo: hybrid, mayMakeGroups: () => true}).unified?.parent, '/nowhere/unified');
	t.is(root.version, 1);
	const user = detectCgroups(1000, {mountinfo: hybrid, own: '0::/user.slice/user-1000.slice/session-1.scope'});
	t.is(user.legacy.size, 0);
	t.is(user.unified, undefined);
	t.regex(user.obstacle, /cgroup v1 can only be used by root/);
});

test('a v2 host delegates to the user\'s manager, if we run below it', t => {
	const folder = temporaryFolder(t);
	const manager = path.join(folder, 'user.slice/user-1000.slice/user@1000.service');
	fs.mkdirSync(path.join(manager, 'app.slice'), {recursive: true});
	fs.writeFileSync(path.join(manager, 'cgroup.procs'), '');
	fs.writeFileSync(path.join(manager, 'cgroup.controllers'), 'cpu memory pids\n');
	const mountinfo = `30 23 0:26 / ${folder} rw - cgroup2 cgroup2 rw,nsdelegate`;
	const inside = detectCgroups(1000, {mountinfo, own: '0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n'});
	t.is(inside.unified?.parent, manager);
	t.true(inside.unified?.controllers.has('memory'));
	const outside = detectCgroups(1000, {mountinfo, own: '0::/user.slice/user-1000.slice/session-3.scope\n'});
	t.is(outside.unified, undefined);
	t.deepEqual([outside.version, inside.version], [2, 2], 'the version is the host\'s, whether it can be used or not');
});

test('root that may make no groups can enforce nothing, and is told so', t => {
	for (const [sources, obstacle] of [
		[{mountinfo: hybrid, mayMakeGroups: () => false}, 'no control group can be made in /sys/fs/cgroup/cpu'],
		[{mountinfo: hybrid.replaceAll(' rw,relatime ', ' ro,relatime ')}, 'no cgroups are mounted for writing'],
		[{mountinfo: ''}, 'no cgroups are mounted for writing'],
	] as const) {
		const host = detectCgroups(0, sources);
		t.like(host, {unified: undefined, obstacle});
		t.is(host.legacy.size, 0);
		t.throws(() => planCgroups(host, parseHostSettings({PidsLimit: 10})), {message: `--pids-limit can't be enforced here: ${obstacle} (pids)`});
	}
});

test('a limit that can\'t be enforced is refused with the option and the reason', t => {
	const none = detectCgroups(1000, {mountinfo: hybrid, own: '0::/'});
	t.like(t.throws(() => planCgroups(none, parseHostSettings({Memory: 64 * 1024 * 1024}))), {
		kind: 'invalidParameter', code: 'limitNotEnforceable', message: '--memory can\'t be enforced here: cgroup v1 can only be used by root (memory)',
	});
	t.throws(() => planCgroups(none, parseHostSettings({NanoCpus: 5e8})), {message: /^--cpus can't be enforced/});
	t.throws(() => planCgroups(none, parseHostSettings({PidsLimit: 10})), {message: /^--pids-limit can't be enforced/});
	t.deepEqual(planCgroups(none, parseHostSettings({})), []);
});

test('docker\'s units become the kernel\'s', t => {
	const limits = parseHostSettings({Memory: 100 * 1024 * 1024, MemorySwap: 150 * 1024 * 1024, NanoCpus: 1.5e9, CpuShares: 512, PidsLimit: 42, CpusetCpus: '0-1'});
	const writes = (version: 'v1' | 'v2') => Object.fromEntries(settingsOf(limits).flatMap(setting => setting[version] ?? []));
	t.deepEqual(writes('v2'), {'memory.max': '104857600', 'memory.swap.max': '52428800', 'cpu.max': '150000 100000', 'cpu.weight': '20', 'pids.max': '42', 'cpuset.cpus': '0-1'});
	t.like(writes('v1'), {'memory.limit_in_bytes': '104857600', 'memory.memsw.limit_in_bytes': '157286400', 'cpu.cfs_quota_us': '150000', 'cpu.cfs_period_us': '100000', 'cpu.shares': '512'});
	t.deepEqual(Object.fromEntries(settingsOf(parseHostSettings({Memory: 10_000_000, MemorySwap: -1})).flatMap(setting => setting.v2 ?? [])), {'memory.max': '10000000', 'memory.swap.max': 'max'});
});

test('groups are made, limited and removed for real', t => {
	const host = detectCgroups(process.geteuid!());
	const limits = parseHostSettings({Memory: 64 * 1024 * 1024, PidsLimit: 7});
	const group = `tug/test-${process.pid}/x`;
	let folders: string[];
	try {
		folders = createCgroups(planCgroups(host, limits), group);
	} catch (error) {
		t.log(`skipped: ${(error as Error).message}`);
		t.pass();
		return;
	}

	t.teardown(() => {
		removeCgroups([...folders, ...folders.map(folder => path.dirname(folder))]);
	});
	const found = folders.flatMap(folder => ['memory.max', 'memory.limit_in_bytes'].map(file => path.join(folder, file)).filter(file => fs.existsSync(file)));
	t.is(fs.readFileSync(found[0]!, 'utf8').trim(), String(64 * 1024 * 1024));
	t.true(folders.some(folder => fs.existsSync(path.join(folder, 'pids.max')) && fs.readFileSync(path.join(folder, 'pids.max'), 'utf8').trim() === '7'));
	t.true(removeCgroups(folders));
	t.false(folders.some(folder => fs.existsSync(folder)));
	t.true(removeCgroups(folders));
});
