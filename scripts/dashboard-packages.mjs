/**
Makes what Ink brings along start faster. Measured on 2 cores, of 120 ms of CPU to load the dashboard:
- string-width builds a table of all emoji and a segmenter when it is loaded: 40 ms. Ink only measures our one-character blocks (source/terminal/canvas),
  for which our own function does, and that loads its tables when the first text needs them.
- yoga-layout reads its WebAssembly from a data: URL through `fetch`, which loads Node's whole HTTP client: 25 ms. Without `fetch` it decodes it itself.
*/
import fs from 'node:fs/promises';
import path from 'node:path';

export const dashboardPackages = {
	name: 'packages of the dashboard',
	setup(build) {
		const width = path.join(build.initialOptions.absWorkingDir, 'source/terminal/string-width.ts');
		build.onResolve({filter: /^string-width$/}, ({importer}) => (/node_modules\/(ink|widest-line|wrap-ansi|slice-ansi|cli-truncate)\//.test(importer) ? {path: width} : undefined));
		// Only there for React's developer tools.
		build.onResolve({filter: /^\.\/devtools\.js$/}, ({importer}) => (importer.includes('/node_modules/ink/') ? {path: path.join(build.initialOptions.absWorkingDir, 'scripts/empty.mjs')} : undefined));
		build.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, async ({path: file}) => {
			const source = await fs.readFile(file, 'utf8');
			return {contents: source.replaceAll('"function"!=typeof fetch', 'true'), loader: 'js'};
		});
	},
};
