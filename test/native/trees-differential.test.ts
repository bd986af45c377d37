/**
Random trees and layers, against the programs everybody uses: what GNU tar packs is unpacked as GNU tar does, what we pack GNU tar unpacks, and stacks of layers with
whiteouts give the root filesystem that umoci makes of them.
*/
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import {hex, ociLayout} from '../helpers/image-lab.js';
import {apply, describeTree, hasProgram, removeTree, run, runtime, type Subject} from '../helpers/native-trees.js';
import {archive, directory, file, hardlink, symlink} from '../helpers/raw-tar.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const seed = Number(process.env['TUG_FUZZ_SEED'] ?? 20_260_229);

/** Root's own tree commands, in a folder of this test; undefined where they can't be had. */
function asRoot(t: Parameters<typeof runtime>[0], ...programs: readonly string[]): Subject | undefined {
	if (runtime(t) === undefined || programs.some(program => !hasProgram(t, program))) {
		return undefined;
	}

	if (process.getuid!() !== 0) {
		t.log('skipped: comparing owners needs root');
		t.pass();
		return undefined;
	}

	return {name: 'root', prefix: [], sandbox: [], folder: temporaryFolder(t), hostId: id => id};
}

type Node =
	| {readonly kind: 'file'; readonly content: string; readonly mode: number; readonly owner: number; readonly time: number}
	| {readonly kind: 'directory'; readonly children: ReadonlyMap<string, Node>; readonly mode: number; readonly owner: number; readonly time: number}
	| {readonly kind: 'symlink'; readonly target: string; readonly owner: number; readonly time: number}
	| {readonly kind: 'link'} // To the first file made.
	| {readonly kind: 'fifo'; readonly mode: number; readonly owner: number; readonly time: number};

const name = fc.oneof(
	{weight: 5, arbitrary: fc.string({unit: fc.constantFrom(...'abcXYZ019._- '), minLength: 1, maxLength: 8})},
	fc.string({unit: 'grapheme', minLength: 1, maxLength: 12}),
	fc.integer({min: 90, max: 250}).map(length => 'long'.repeat(64).slice(0, length)),
	fc.constantFrom('-rf', '*', '$(x)', 'a\nb', 'tab\there', '"', '\\', 'ä', '日本語', ' ', '...', '.wh', 'a=b', 'x\u007F'),
).filter(text => !/^\.{1,2}$|[/\0]/.test(text) && !text.startsWith('.wh.') && Buffer.byteLength(text) < 256);
const owner = fc.constantFrom(0, 1, 1000, 65_534, 2_097_151, 2_097_152, 4_000_000_000);
const mode = fc.constantFrom(0o644, 0o755, 0o600, 0o4755, 0o2755, 0o1777, 0o444, 0o000, 0o7777);
const time = fc.constantFrom(0, 1, 1_700_000_000, 8_589_934_591, 8_589_934_592, -1, -1_000_000);
const {tree} = fc.letrec<{node: Node; tree: ReadonlyMap<string, Node>}>(tie => ({
	node: fc.oneof(
		{maxDepth: 4, depthSize: 'small'},
		fc.record({kind: fc.constant('file' as const), content: fc.string({maxLength: 1500}), mode, owner, time}),
		fc.record({kind: fc.constant('symlink' as const), target: fc.oneof(name, fc.constantFrom('/', '..', '../../etc/passwd', 'x'.repeat(150), '/'.repeat(120))), owner, time}),
		fc.constant({kind: 'link' as const}),
		fc.record({kind: fc.constant('fifo' as const), mode, owner, time}),
		fc.record({kind: fc.constant('directory' as const), children: tie('tree'), mode, owner, time}),
	),
	tree: fc.array(fc.tuple(name, tie('node')), {maxLength: 6}).map(entries => new Map(entries)),
}));

/** Makes it on disk, times of directories last. */
function make(folder: string, children: ReadonlyMap<string, Node>, state: {first?: string} = {}): void {
	for (const [base, node] of children) {
		const place = path.join(folder, base);
		switch (node.kind) {
			case 'file': {
				fs.writeFileSync(place, node.content);
				state.first ??= place;
				break;
			}

			case 'link': {
				if (state.first !== undefined) {
					fs.linkSync(state.first, place);
				}

				continue;
			}

			case 'symlink': {
				fs.symlinkSync(node.target, place);
				break;
			}

			case 'fifo': {
				spawnSync('mkfifo', ['--', place]);
				break;
			}

			case 'directory': {
				fs.mkdirSync(place);
				make(place, node.children, state);
				break;
			}
		}

		fs.lchownSync(place, node.owner, node.owner);
		if (node.kind !== 'symlink') {
			fs.chmodSync(place, node.mode);
		}

		fs.lutimesSync(place, node.time, node.time);
	}
}

function difference(t: Parameters<typeof runtime>[0], found: Map<string, string>, wanted: Map<string, string>, what: string): void {
	t.deepEqual([...found], [...wanted], what);
}

for (const format of ['gnu', 'posix']) {
	test(`what GNU tar packs as ${format} is unpacked as GNU tar unpacks it, and packed again without loss`, t => {
		const subject = asRoot(t, 'tar', 'mkfifo');
		if (subject === undefined) {
			return;
		}

		let round = 0;
		fc.assert(fc.property(tree, children => {
			const at = (base: string) => path.join(subject.folder, `${base}-${round}`);
			round++;
			fs.mkdirSync(at('source'));
			make(at('source'), children);
			const packed = spawnSync('tar', ['-C', at('source'), `--format=${format}`, '--numeric-owner', '-cf', '-', '.'], {maxBuffer: 1e8});
			t.is(packed.status, 0, String(packed.stderr));
			fs.mkdirSync(at('theirs'));
			t.is(spawnSync('tar', ['-C', at('theirs'), '--numeric-owner', '-xpf', '-'], {input: packed.stdout}).status, 0);
			const {tree: ours, outcome} = apply(subject, packed.stdout);
			t.true(outcome.report.ok, outcome.report.message ?? '');
			difference(t, describeTree(ours), describeTree(at('theirs')), 'unpacking');

			const again = run(subject, 'layer-diff', ['--upper', ours]);
			t.true(again.report.ok, again.report.message ?? '');
			fs.mkdirSync(at('again'));
			t.is(spawnSync('tar', ['-C', at('again'), '--numeric-owner', '-xpf', '-'], {input: again.stdout}).status, 0);
			difference(t, describeTree(at('again')), describeTree(ours), 'packing');
			for (const folder of [at('source'), at('theirs'), at('again'), ours]) {
				removeTree(folder);
			}
		}), {numRuns: Number(process.env['TUG_FUZZ_ROUNDS'] ?? 8), seed});
	});
}

/** What a layer says of a path: few names, so that layers meet. */
type LayerEntry = {readonly at: readonly string[]; readonly is: 'file' | 'directory' | 'symlink' | 'hardlink' | 'gone' | 'opaque'; readonly content: string};

const place = fc.array(fc.constantFrom('a', 'b', 'c'), {minLength: 1, maxLength: 3});
const layer = fc.array(fc.record({at: place, is: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'gone', 'opaque'), content: fc.string({maxLength: 5})}), {minLength: 1, maxLength: 8});

/** A tar of what can stand together in one layer: nothing below a file, nothing both there and gone. `below` has the names of the layers under it, by their kind. */
function layerTar(entries: readonly LayerEntry[]): Buffer {
	const kinds = new Map<string, string>();
	const blocks: Buffer[] = [];
	const files: string[] = [];
	const parents = (at: readonly string[]) => at.slice(0, -1).map((_, index) => at.slice(0, index + 1).join('/'));
	for (const {at, is, content} of entries) {
		const full = at.join('/');
		if (kinds.has(full) || parents(at).some(parent => kinds.has(parent) && kinds.get(parent) !== 'directory') || [...kinds.keys()].some(other => other.startsWith(`${full}/`))) {
			continue;
		}

		for (const parent of parents(at)) {
			if (!kinds.has(parent)) {
				kinds.set(parent, 'directory');
				blocks.push(directory(parent));
			}
		}

		if (is === 'hardlink' && files.length === 0) {
			continue;
		}

		kinds.set(full, is === 'opaque' ? 'directory' : is);
		switch (is) {
			case 'file': {
				files.push(full);
				blocks.push(file(full, content));
				break;
			}

			case 'directory': {
				blocks.push(directory(full));
				break;
			}

			case 'symlink': {
				blocks.push(symlink(full, `to-${content.replaceAll(/\W/g, '')}`));
				break;
			}

			case 'hardlink': {
				blocks.push(hardlink(full, files.at(-1)!));
				break;
			}

			case 'gone': {
				blocks.push(file([...at.slice(0, -1), `.wh.${at.at(-1)!}`].join('/')));
				break;
			}

			case 'opaque': {
				blocks.push(directory(full), file(`${full}/.wh..wh..opq`));
				break;
			}
		}
	}

	return archive(...blocks);
}

test('stacks of layers give the root filesystem that umoci makes of them', t => {
	const subject = asRoot(t, 'tar', 'umoci');
	if (subject === undefined) {
		return;
	}

	let round = 0;
	fc.assert(fc.property(fc.array(layer, {minLength: 2, maxLength: 4}), stack => {
		round++;
		const at = (base: string) => path.join(subject.folder, `${base}-${round}`);
		const layers = stack.map(entries => layerTar(entries));
		for (const [inLayout, data] of ociLayout({layers}, {annotations: {'org.opencontainers.image.ref.name': 'x'}})) {
			fs.mkdirSync(path.dirname(path.join(at('layout'), inLayout)), {recursive: true});
			fs.writeFileSync(path.join(at('layout'), inLayout), data);
		}

		const theirs = spawnSync('umoci', ['unpack', '--image', `${at('layout')}:x`, at('bundle')], {encoding: 'utf8'});
		t.is(theirs.status, 0, theirs.stderr);
		const lowers = layers.map(data => {
			const {tree: ours, outcome} = apply(subject, data);
			t.true(outcome.report.ok, outcome.report.message ?? '');
			return ours;
		}).reverse();
		for (const folder of ['upper', 'work', 'ours']) {
			fs.mkdirSync(at(folder));
		}

		const merged = run(subject, 'export', [...lowers.flatMap(lower => ['--lower', lower]), '--upper', at('upper'), '--work', at('work')]);
		t.true(merged.report.ok, merged.report.message ?? '');
		t.is(spawnSync('tar', ['-C', at('ours'), '--numeric-owner', '-xpf', '-'], {input: merged.stdout}).status, 0);
		difference(t, describeTree(at('ours'), {times: false}), describeTree(path.join(at('bundle'), 'rootfs'), {times: false}), `${layers.map(data => hex(data).slice(0, 8)).join(' ')}: ${JSON.stringify(stack)}`);
		for (const folder of [...lowers, ...['layout', 'bundle', 'upper', 'work', 'ours'].map(base => at(base))]) {
			removeTree(folder);
		}
	}), {numRuns: Number(process.env['TUG_FUZZ_ROUNDS'] ?? 12), seed});
});
