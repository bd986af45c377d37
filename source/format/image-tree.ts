/** Which layers images share, as a tree: what stands further in is built on what stands above it. */
import {formatBytes} from '../presentation/format-bytes.js';
import {shortId} from '../presentation/format-identifier.js';
import {printableText} from './printable-text.js';

export type TreeImage = {
	readonly id: string;
	/** As it is shown; none for an image without a name. */
	readonly names: readonly string[];
	readonly layers: ReadonlyArray<{readonly diffId: string; readonly size: number}>; // base first
};

type Node = {readonly children: Map<string, Node>; readonly layers: Array<{diffId: string; size: number}>; readonly images: TreeImage[]};

/** The whole text. A chain of layers that nothing branches off is one line. */
export function formatImageTree(images: readonly TreeImage[]): string {
	const root = emptyNode();
	for (const image of images) {
		let node = root;
		for (const layer of image.layers) {
			const next = node.children.get(layer.diffId) ?? {...emptyNode(), layers: [layer]};
			node.children.set(layer.diffId, next);
			node = next;
		}

		node.images.push(image);
	}

	return childLines(root, '').map(line => `${line}\n`).join('');
}

function emptyNode(): Node {
	return {children: new Map(), layers: [], images: []};
}

function childLines(node: Node, indent: string): string[] {
	const children = [...node.children.values()].map(child => joined(child));
	const here = node.layers.length === 0 ? node.images.map(image => `${shortId(image.id)} without layers${namesOf([image])}`) : [];
	const entries: Array<{readonly text: string; readonly node?: Node}> = [...here.map(text => ({text})), ...children.map(child => ({text: describe(child), node: child}))];
	return entries.flatMap(({text, node: child}, index) => {
		const isLast = index === entries.length - 1;
		return [`${indent}${isLast ? '└─' : '├─'}${text}`, ...(child === undefined ? [] : childLines(child, `${indent}${isLast ? '  ' : '│ '}`))];
	});
}

function joined(node: Node): Node {
	const [only] = node.children.values();
	if (node.images.length > 0 || node.children.size !== 1) {
		return node;
	}

	const rest = joined(only!);
	return {...rest, layers: [...node.layers, ...rest.layers]};
}

function describe({layers, images}: Node): string {
	const size = layers.reduce((sum, layer) => sum + layer.size, 0);
	const count = layers.length === 1 ? 'layer' : `${layers.length} layers up to`;
	return `${count} ${shortId(layers.at(-1)!.diffId)} ${formatBytes(size)}${namesOf(images)}`;
}

function namesOf(images: readonly TreeImage[]): string {
	const names = images.flatMap(image => (image.names.length === 0 ? [`<none> (${shortId(image.id)})`] : image.names));
	return names.length === 0 ? '' : `  ${printableText(names.join(', '))}`;
}
