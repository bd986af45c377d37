/** The verbs of `manifest`: lists of images for several platforms. */
import type {ManifestEntry, ManifestLists} from '../../engine/index.js';
import {bool, list, string} from '../arguments/option.js';
import {defineCommand, type CommandContext} from './context.js';
import {reportFailure} from './report-error.js';

const insecure = bool('', 'Taken for docker\'s sake: insecure registries are named in the config file', {hidden: true});

export const manifestCreate = defineCommand({
	name: 'manifest create',
	usage: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
	summary: 'Begin a list of images for several platforms',
	options: {
		amend: bool('a', 'Add to a list that is there'),
		insecure,
	},
	arguments: {min: 2},
	examples: [['tug manifest create me/app:1 me/app:1-amd64 me/app:1-arm64 && tug manifest push me/app:1', '']],
	async run(context, {options, arguments: [name, ...members]}) {
		const lists = await openLists(context);
		const created = await lists.create(name!, members, options);
		context.output.write(`Created manifest list ${created}\n`);
		return 0;
	},
});

export const manifestAnnotate = defineCommand({
	name: 'manifest annotate',
	usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
	summary: 'Say for which platform an image of a list is',
	options: {
		arch: string('', 'The architecture'),
		os: string('', 'The operating system'),
		'os-features': list('', 'Features of the operating system'),
		'os-version': string('', 'Version of the operating system'),
		variant: string('', 'Variant of the architecture'),
	},
	arguments: {min: 2, max: 2},
	async run(context, {options, arguments: [name, member]}) {
		const lists = await openLists(context);
		const {arch, os, variant} = options;
		await lists.annotate(name!, member!, {
			...(arch === undefined ? {} : {arch}),
			...(os === undefined ? {} : {os}),
			...(variant === undefined ? {} : {variant}),
			...(options['os-version'] === undefined ? {} : {osVersion: options['os-version']}),
			...(options['os-features'].length === 0 ? {} : {osFeatures: options['os-features'].flatMap(value => value.split(','))}),
		});
		return 0;
	},
});

export const manifestInspect = defineCommand({
	name: 'manifest inspect',
	usage: '[OPTIONS] [MANIFEST_LIST] MANIFEST',
	summary: 'Show the manifest or list a name has in its registry',
	options: {
		insecure,
		verbose: bool('v', 'With the descriptors, and each manifest of a list'),
	},
	arguments: {min: 1, max: 2},
	async run(context, {options, arguments: names}) {
		const lists = await openLists(context);
		const entry = await lists.inspect(names.at(-1)!);
		const shown = options.verbose ? verbose(entry) : entry.document;
		context.output.write(`${JSON.stringify(shown, undefined, '\t')}\n`);
		return 0;
	},
});

export const manifestPush = defineCommand({
	name: 'manifest push',
	usage: '[OPTIONS] MANIFEST_LIST',
	summary: 'Send a list to its registry',
	options: {
		insecure,
		purge: bool('p', 'Forget the list here afterwards'),
	},
	arguments: {min: 1, max: 1},
	async run(context, {options, arguments: [name]}) {
		const lists = await openLists(context);
		context.output.write(`${await lists.push(name!, options)}\n`);
		return 0;
	},
});

export const manifestRm = defineCommand({
	name: 'manifest rm',
	usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
	summary: 'Forget lists that were begun here',
	options: {},
	arguments: {min: 1},
	async run(context, {arguments: names}) {
		const lists = await openLists(context);
		let exitCode = 0;
		for (const name of names) {
			try {
				lists.remove(name);
			} catch (error) {
				reportFailure(context.errors, error, context.global.debug);
				exitCode = 1;
			}
		}

		return exitCode;
	},
});

async function openLists({global}: CommandContext): Promise<ManifestLists> {
	const {manifestLists} = await import('../../engine/index.js');
	return manifestLists(global);
}

/** docker's ImageManifest: one, or a list of them. */
function verbose(entry: ManifestEntry & {readonly members: readonly ManifestEntry[]}): unknown {
	const one = ({reference, descriptor, document}: ManifestEntry) => ({
		Ref: reference,
		Descriptor: descriptor,
		[descriptor.mediaType.includes('oci.image') ? 'OCIManifest' : 'SchemaV2Manifest']: document,
	});
	return entry.members.length === 0 ? one(entry) : entry.members.map(member => one(member));
}
