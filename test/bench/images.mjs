/** The image the rows run: our demo image, in memory from the built program, so that no registry and no file is needed. */
import fs from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import {root} from './subjects.mjs';

/** Writes the archive to `folder`. `sleep` handles TERM at once; `flood` writes a million lines. */
export async function demoArchive(folder) {
	const {outputFiles} = await esbuild.build({
		entryPoints: [path.join(root, 'engine', 'demo', 'demo-image.ts')],
		bundle: true,
		write: false,
		format: 'esm',
		platform: 'node',
	});
	const {demoImage, demoReference} = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
	const {archive} = await demoImage(fs.readFileSync(path.join(root, 'dist', 'native', 'tug-demo')));
	const file = path.join(folder, 'demo.tar');
	fs.writeFileSync(file, archive);
	return {file, name: demoReference, sleep: ['sleep', '100000'], true: ['true'], flood: ['flood', '1000000']};
}
