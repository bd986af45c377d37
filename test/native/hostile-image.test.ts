/**
Images whose paths are traps: symlinks where mounts, devices and masks go. Whatever happens, nothing outside of the root is touched.
*/
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {forEachSubject, give, launch, runShell, type Changes} from '../helpers/native-container.js';
import {defaultMounts} from '../helpers/launch-plan.js';
import type {Subject} from '../helpers/native-trees.js';

type Trap = (rootfs: string, outside: string) => void;

/** Puts a trap into the tree, starts a container, and looks at what came of it. */
async function spring(t: ExecutionContext, [subject, rootfs]: readonly [Subject, string], trap: Trap, line: string, changes: (outside: string) => Changes = () => ({})) {
	const tree = path.join(path.dirname(rootfs), `trap-${String(Math.random()).slice(2)}`, 'rootfs');
	fs.cpSync(rootfs, tree, {recursive: true, verbatimSymlinks: true});
	const outside = path.join(path.dirname(tree), 'outside');
	fs.mkdirSync(outside);
	fs.writeFileSync(path.join(outside, 'file'), 'untouched');
	trap(tree, outside);
	give(subject, path.dirname(tree));
	const before = describe(outside);
	const ended = await runShell(t, subject, tree, line, changes(outside));
	t.deepEqual(describe(outside), before, 'nothing outside was touched');
	return {...ended, tree};
}

function describe(folder: string): string[] {
	return fs.readdirSync(folder).sort().map(name => `${name} ${fs.lstatSync(path.join(folder, name)).mode.toString(8)} ${fs.readFileSync(path.join(folder, name), 'utf8')}`);
}

function replace(file: string, target: string): void {
	fs.rmSync(file, {recursive: true, force: true});
	fs.symlinkSync(target, file);
}

test('a symlink in the place of /proc or /sys is refused', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		for (const [name, target] of [['proc', '/tmp'], ['proc', 'home/alice'], ['sys', '/tmp'], ['proc', '/proc'], ['proc', '../../../../../../tmp']] as const) {
			const {report} = await spring(t, [subject, rootfs], tree => {
				replace(path.join(tree, name), target);
			}, 'true');
			t.false(report.ok, `${name} -> ${target}`);
			t.regex(String(report.message), new RegExp(`/${name}: the image has a symlink to .* there|symbolic links`), `${name} -> ${target}`);
		}
	});
});

test('a file in the place of /proc is refused', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {report} = await spring(t, [subject, rootfs], tree => {
			fs.rmdirSync(path.join(tree, 'proc'));
			fs.writeFileSync(path.join(tree, 'proc'), '');
		}, 'true');
		t.false(report.ok);
	});
});

test('a symlink in the place of /dev stays inside', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {report, stdout} = await spring(t, [subject, rootfs], (tree, outside) => {
			replace(path.join(tree, 'dev'), outside);
		}, 'ls /dev/null; ls -d /dev/pts');
		// The outside path is created and used inside, or it is refused: both are fine.
		t.true(!report.ok || stdout === '/dev/null\n/dev/pts\n', `${JSON.stringify(report)} ${stdout}`);
	});
});

test('device paths that are symlinks or files of the image become the devices', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {report, lines} = await spring(t, [subject, rootfs], (tree, outside) => {
			replace(path.join(tree, 'dev', 'null'), path.join(outside, 'file'));
			fs.writeFileSync(path.join(tree, 'dev', 'zero'), 'not zero');
			replace(path.join(tree, 'dev', 'full'), '/etc/passwd');
		}, 'for d in null zero full; do stat -c "%t:%T" /dev/$d; done; wc -l < /etc/passwd', () => ({mounts: defaultMounts.filter(({target}) => target !== '/dev')}));
		t.true(report.ok, JSON.stringify(report));
		t.deepEqual(lines, ['1:3', '1:5', '1:7', '3']);
	});
});

test('/dev/pts as a symlink is followed inside only, the terminal still is one', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const noDev = defaultMounts.filter(({target}) => target !== '/dev' && !target.startsWith('/dev/s') && !target.startsWith('/dev/m'));
		const {report, stdout} = await spring(t, [subject, rootfs], (tree, outside) => {
			replace(path.join(tree, 'dev', 'pts'), outside);
			replace(path.join(tree, 'dev', 'console'), path.join(outside, 'file'));
		}, 'tty; [ -c /dev/console ] && echo console', () => ({mounts: noDev, flags: ['tty']}));
		if (report.ok) {
			t.regex(stdout, /console/);
		} else {
			t.regex(String(report.message), /console: the image has a symlink/);
		}
	});
});

test('masked and read-only paths that are symlinks are followed inside only', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {report, stdout} = await spring(t, [subject, rootfs], (tree, outside) => {
			fs.symlinkSync(path.join(outside, 'file'), path.join(tree, 'masked'));
			fs.symlinkSync('../../../../../../../../etc', path.join(tree, 'fixed'));
			fs.symlinkSync('/etc/passwd', path.join(tree, 'hidden'));
		}, 'cat /hidden | wc -c; touch /etc/new 2>&1; echo survived', () => ({masked: ['/masked', '/hidden'], readonly: ['/fixed']}));
		t.true(report.ok, JSON.stringify(report));
		t.is(stdout, '0\ntouch: /etc/new: Read-only file system\nsurvived\n');
	});
});

test('a volume\'s target through symlinks to ../../ lands inside', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const source = path.join(path.dirname(rootfs), 'volume');
		fs.mkdirSync(source, {recursive: true});
		fs.writeFileSync(path.join(source, 'data'), 'volume\n');
		give(subject, source);
		const {report, stdout} = await spring(t, [subject, rootfs], (tree, outside) => {
			fs.symlinkSync('../../../../../../../../../../', path.join(tree, 'up'));
			fs.symlinkSync(outside, path.join(tree, 'absolute'));
			fs.symlinkSync('/elsewhere/deep/place', path.join(tree, 'dangling'));
		}, 'cat /up/data/data /absolute/data /dangling/here/data; ls -d /data /elsewhere/deep/place/here', () => ({
			mounts: [
				...defaultMounts,
				...['/up/data', '/absolute', '/dangling/here'].map(target => ({type: 'bind', source, target, flags: ['recursive', 'createTarget']}) as const),
			],
		}));
		t.true(report.ok, JSON.stringify(report));
		t.is(stdout, 'volume\nvolume\nvolume\n/data\n/elsewhere/deep/place/here\n');
	});
});

test('a loop of symlinks in a target is an error, not a hang', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {report} = await spring(t, [subject, rootfs], tree => {
			fs.symlinkSync('b', path.join(tree, 'a'));
			fs.symlinkSync('a', path.join(tree, 'b'));
		}, 'true', () => ({mounts: [...defaultMounts, {type: 'tmpfs', target: '/a/x', flags: ['createTarget']}]}));
		t.false(report.ok);
		t.regex(String(report.message), /symbolic|ymbolic|levels/i);
	});
});

test('a working directory through a symlink is made inside', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {report, lines} = await spring(t, [subject, rootfs], (tree, outside) => {
			fs.symlinkSync(outside, path.join(tree, 'work'));
		}, 'pwd -P', outside => ({cwd: `/work/${path.basename(outside)}/x`, flags: ['createCwd']}));
		t.true(report.ok, JSON.stringify(report));
		t.true(lines[0]!.endsWith('/outside/outside/x'), lines[0]);
	});
});

test('passwd and group that are no files, or huge, or full of nonsense do no harm', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines} = await spring(t, [subject, rootfs], (tree, outside) => {
			replace(path.join(tree, 'etc', 'passwd'), path.join(outside, 'file'));
			replace(path.join(tree, 'etc', 'group'), '/dev/zero');
		}, 'id -u; echo $HOME');
		t.deepEqual(lines, ['0', '/']);

		const nonsense = await spring(t, [subject, rootfs], tree => {
			fs.writeFileSync(path.join(tree, 'etc', 'passwd'), `:::::::\nroot\nroot:x\nroot:x:zero\nx:y:99999999999999999999:0\n${'a'.repeat(100_000)}:x:0:0::${'/h'.repeat(3000)}:\n\0\0\nroot:x:0:0::/late:\n`);
		}, 'echo $HOME');
		t.true(nonsense.report.ok, JSON.stringify(nonsense.report));

		const huge = await spring(t, [subject, rootfs], tree => {
			fs.truncateSync(path.join(tree, 'etc', 'passwd'), 64 * 1024 * 1024);
		}, 'true');
		t.regex(String(huge.report.message), /passwd of the image is larger than/);
	});
});

test('a plan is refused whose root is the host\'s', async t => {
	await forEachSubject(t, (subject, rootfs) => {
		for (const rootPath of ['/', '/../', '/proc/self/root']) {
			const {report} = launch(t, subject, rootfs, {args: ['true'], lowers: [], upper: undefined as never, work: undefined as never, rootfs: rootPath});
			t.false(report.ok, rootPath);
		}
	});
});
