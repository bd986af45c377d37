import type {Engine, ImageInfo} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {formatList, type Columns} from '../format/list-format.js';
import {formatAge, formatTimestamp} from '../presentation/format-age.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {shortId} from '../presentation/format-identifier.js';
import {CommandError, defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';
import {formatHelp} from './format-help.js';
import {imageRows, type ImageRow} from './image-rows.js';

export const command = defineCommand({
	name: 'images',
	usage: '[OPTIONS] [REPOSITORY[:TAG]]',
	summary: 'List images',
	options: {
		all: bool('a', 'Show intermediate images too'),
		digests: bool('', 'Show digests'),
		filter: filterOption('Show only what matches (reference, dangling, label, before, since, until)', ['reference', 'dangling', 'label', 'before', 'since', 'until']),
		format: string('', formatHelp),
		'no-trunc': bool('', 'Don\'t cut ids'),
		quiet: bool('q', 'Print ids only'),
		tree: bool('', 'Show which layers images share', {differs: 'a tree of layers, not of platforms'}),
	},
	arguments: {min: 0, max: 1},
	completes: ['image'],
	examples: [['tug images --digests', 'with the digests they were loaded by'], ['tug images \'alpine:3*\'', 'only some tags']],
	async run(context, {options, arguments: [reference]}) {
		const engine = await context.engine();
		const filters = parseFilters(reference === undefined ? options.filter : [...options.filter, `reference=${reference}`]);
		const images = await engine.listImages({all: options.all, filters});
		if (options.tree) {
			if (options.quiet || options.format !== undefined || options.digests) {
				throw new CommandError('--tree can\'t be used with --quiet, --format or --digests');
			}

			context.output.write(await imageTree(engine, images));
			return 0;
		}

		const shownDigest = options.digests || /\.Digest\b/.test(options.format ?? '');
		const rows = imageRows(images, {digests: shownDigest, tags: filters['reference']});
		const shown = ['Repository', 'Tag', ...(options.digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'];
		context.output.write(await formatList(rows, {columns: columns(options['no-trunc']), shown, format: options.format, quiet: options.quiet ? 'ID' : undefined}));
		return 0;
	},
});

async function imageTree(engine: Engine, images: readonly ImageInfo[]): Promise<string> {
	const {formatImageTree} = await import('../format/image-tree.js');
	return formatImageTree(await Promise.all(images.map(async ({Id: id, RepoTags: tags}) => ({
		id,
		names: tags ?? [],
		layers: (await engine.imageLayers(id)).map(({DiffId: diffId, Size: size}) => ({diffId, size})),
	}))));
}

function columns(isWhole: boolean): Columns<ImageRow> {
	return {
		ID: {header: 'IMAGE ID', value: ({image}) => (isWhole ? image.Id : shortId(image.Id))},
		Repository: {header: 'REPOSITORY', value: row => row.repository},
		Tag: {header: 'TAG', value: row => row.tag},
		Digest: {header: 'DIGEST', value: row => row.digest},
		CreatedSince: {header: 'CREATED', value: ({image}) => (image.Created > 0 ? formatAge(image.Created) : 'N/A')},
		CreatedAt: {header: 'CREATED AT', value: ({image}) => formatTimestamp(image.Created)},
		Size: {header: 'SIZE', value: ({image}) => formatBytes(image.Size)},
		VirtualSize: {header: 'SIZE', value: ({image}) => formatBytes(image.Size, 4)},
		SharedSize: {header: 'SHARED SIZE', value: ({image}) => (image.SharedSize === undefined || image.SharedSize < 0 ? 'N/A' : formatBytes(image.SharedSize))},
		UniqueSize: {header: 'UNIQUE SIZE', value: ({image}) => (image.SharedSize === undefined || image.SharedSize < 0 ? 'N/A' : formatBytes(image.Size - image.SharedSize))},
		Containers: {header: 'CONTAINERS', value: ({image}) => (image.Containers === undefined || image.Containers < 0 ? 'N/A' : String(image.Containers))},
	};
}
