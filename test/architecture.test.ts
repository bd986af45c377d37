/**
The floors of the house: who may import whom. A module may import from its own room, and from the rooms its row lists.
*/
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

type Rule = {readonly values: readonly string[]; readonly types?: readonly string[]};

const vocabulary = ['engine/errors', 'engine/events', 'engine/oci', 'engine/files'];
const mechanisms = ['engine/store', 'engine/archive', 'engine/runtime', 'engine/registry'];
const services = ['engine/container', 'engine/image', 'engine/network', 'engine/volume', 'engine/build'];
const facadeTypes = ['engine/engine'];

/** Room → what it may import; `types` only as `import type`. A room is a folder, or a file without its extension. */
const rules: Readonly<Record<string, Rule>> = {
	'engine/oci': {values: ['engine/errors']},
	'engine/errors': {values: []},
	'engine/engine': {values: []},
	'engine/events': {values: ['engine/errors', 'engine/files'], types: facadeTypes},
	'engine/files': {values: ['engine/errors']},
	// The layout and the call of the native program are the two things every mechanism stands on.
	'engine/archive': {values: vocabulary},
	'engine/store': {values: [...vocabulary, 'engine/runtime/native-program']},
	'engine/runtime': {values: vocabulary, types: ['engine/store']},
	'engine/registry': {values: vocabulary},
	'engine/container': {values: [...vocabulary, ...mechanisms], types: facadeTypes},
	'engine/image': {values: [...vocabulary, ...mechanisms], types: facadeTypes},
	'engine/volume': {values: [...vocabulary, ...mechanisms], types: facadeTypes},
	'engine/wire': {values: [...vocabulary], types: [...facadeTypes, ...services, ...mechanisms]},
	'engine/demo': {values: [...vocabulary, 'engine/archive', 'engine/runtime/locate-native'], types: facadeTypes},
	'engine/locations': {values: ['engine/errors', 'engine/files']},
	'engine/info': {values: [...vocabulary, ...mechanisms, ...services], types: facadeTypes},
	'engine/local-store': {values: ['engine/errors', 'engine/locations', 'engine/runtime', 'engine/store']},
	'engine/user-credentials': {values: [...vocabulary, 'engine/registry'], types: facadeTypes},
	'engine/manifest-lists': {values: [...vocabulary, ...mechanisms, 'engine/image', 'engine/embedded-registry', 'engine/locations']},
	'engine/disk-usage': {values: [...vocabulary, ...mechanisms, ...services, 'engine/wire'], types: facadeTypes},
	'engine/embedded-registry': {values: [...vocabulary, ...mechanisms, ...services, 'engine/info'], types: facadeTypes},
	'engine/embedded': {values: [...vocabulary, ...mechanisms, ...services, 'engine/wire', 'engine/info', 'engine/local-store', 'engine/disk-usage', 'engine/embedded-registry'], types: facadeTypes},
	// A door: it knows the content by the interface it declares, and is given the store's by its host.
	'engine/registry-server': {values: vocabulary, types: facadeTypes},
	'engine/registry-host': {values: [...vocabulary, ...mechanisms, ...services, 'engine/registry-server', 'engine/local-store']},
	'engine/index': {values: ['engine/errors', 'engine/events', 'engine/embedded', 'engine/demo', 'engine/registry-host'], types: [...facadeTypes, 'engine/local-store', 'engine/registry-server', 'engine/user-credentials', 'engine/manifest-lists']},
	'source/presentation': {values: [], types: ['engine/index', 'source/state', 'source/keymap', 'source/theme']},
	'source/state': {values: ['source/presentation'], types: ['engine/index', 'source/keymap']},
	'source/keymap': {values: ['source/state', 'source/presentation'], types: ['engine/index']},
	'source/theme': {values: [], types: ['source/presentation']},
	// What a cell looks like and how wide a character is, is known in one place.
	'source/terminal': {values: ['source/presentation']},
	'source/hooks': {values: ['source/state', 'source/theme', 'source/terminal'], types: []},
	'source/components': {values: ['source/theme', 'source/presentation', 'source/hooks'], types: ['source/state', 'source/keymap']},
	'source/views': {values: ['source/components', 'source/presentation', 'source/hooks', 'source/keymap', 'source/state', 'source/theme'], types: ['engine/index']},
	'source/effects': {values: ['source/state', 'source/presentation', 'source/terminal'], types: ['engine/index']},
	'source/format': {values: ['source/presentation'], types: ['engine/index']},
	'source/arguments': {values: ['source/presentation']},
};

const files = ['source', 'engine'].flatMap(folder => walk(path.join(root, folder))).filter(file => /\.tsx?$/.test(file));

for (const [room, rule] of Object.entries(rules)) {
	test(`${room} imports only downwards`, t => {
		const wrong: string[] = [];
		for (const file of files.filter(file => isIn(relative(file), room))) {
			for (const {target, isType} of imports(file)) {
				const allowed = [room, ...rule.values, ...(isType ? (rule.types ?? []) : [])];
				if (!allowed.some(place => isIn(target, place))) {
					wrong.push(`${relative(file)} imports ${target}${isType ? ' (type)' : ''}`);
				}
			}
		}

		t.deepEqual(wrong, []);
	});
}

test('source/ knows the engine only through its door', t => {
	const wrong = files
		.filter(file => relative(file).startsWith('source/'))
		.flatMap(file => imports(file).filter(({target}) => target.startsWith('engine/') && target !== 'engine/index').map(({target}) => `${relative(file)} imports ${target}`));
	t.deepEqual(wrong, []);
});

test('no import cycles among values', t => {
	const graph = new Map(files.map(file => [relative(file), imports(file).filter(({isType}) => !isType).map(({target}) => target)]));
	t.deepEqual(cycle(graph), []);
});

test('nothing is called utils, helpers or manager', t => {
	t.deepEqual(files.map(file => relative(file)).filter(file => /(^|[/-])(utils?|helpers?|managers?|misc)$/.test(file)), []);
});

function relative(file: string): string {
	return path.relative(root, file).replace(/\.tsx?$/, '');
}

function isIn(file: string, place: string): boolean {
	return file === place || file.startsWith(`${place}/`);
}

/** Relative imports of a file as repository paths; bare and node: imports are not the floors' concern. */
function imports(file: string): Array<{target: string; isType: boolean}> {
	const text = fs.readFileSync(file, 'utf8');
	const found: Array<{target: string; isType: boolean}> = [];
	for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'(\.[^']+)'/gm)) {
		found.push({target: resolve(file, match[2]!), isType: match[1] !== undefined});
	}

	for (const match of text.matchAll(/\bimport\('(\.[^']+)'\)/g)) {
		// `typeof import()` and lazy imports: a lazy one is a value, but never part of a load cycle.
		found.push({target: resolve(file, match[1]!), isType: true});
	}

	return found.filter(({target}) => !target.startsWith('themes') && !target.startsWith('package'));
}

function resolve(from: string, specifier: string): string {
	return path.relative(root, path.resolve(path.dirname(from), specifier)).replace(/\.[jt]sx?$/, '');
}

function cycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
	const done = new Set<string>();
	const visit = (node: string, trail: readonly string[]): string[] => {
		if (trail.includes(node)) {
			return [...trail.slice(trail.indexOf(node)), node];
		}

		if (done.has(node)) {
			return [];
		}

		for (const next of graph.get(node) ?? []) {
			const found = visit(next, [...trail, node]);
			if (found.length > 0) {
				return found;
			}
		}

		done.add(node);
		return [];
	};

	for (const node of graph.keys()) {
		const found = visit(node, []);
		if (found.length > 0) {
			return found;
		}
	}

	return [];
}

function walk(folder: string): string[] {
	return fs.readdirSync(folder, {withFileTypes: true}).flatMap(entry => (entry.isDirectory() ? walk(path.join(folder, entry.name)) : [path.join(folder, entry.name)]));
}
