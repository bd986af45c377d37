/** The version in package.json, found from wherever this was built to. */
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

export function productVersion(): string {
	let folder = path.dirname(fileURLToPath(import.meta.url));
	for (;;) {
		try {
			const {name, version} = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {name?: string; version?: string};
			if (name === 'tug' && version !== undefined) {
				return version;
			}
		} catch {
			// Not in this folder.
		}

		const parent = path.dirname(folder);
		if (parent === folder) {
			return 'unknown';
		}

		folder = parent;
	}
}
