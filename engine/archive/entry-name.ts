/**
Names inside an archive: `./a//b/` and `a/b` are the same thing; anything that would leave the archive has no name at all.
*/
export function entryName(unsafeName: string): string | undefined {
	if (unsafeName.startsWith('/') || unsafeName.includes('\0')) {
		return undefined;
	}

	const parts = unsafeName.split('/').filter(part => part !== '' && part !== '.');
	return parts.includes('..') ? undefined : parts.join('/');
}

/** Where a symbolic link in `from` points, inside the archive; undefined when outside. */
export function linkedName(from: string, unsafeTarget: string): string | undefined {
	if (unsafeTarget.startsWith('/') || unsafeTarget.includes('\0')) {
		return undefined;
	}

	const parts = from.split('/').slice(0, -1);
	for (const part of unsafeTarget.split('/')) {
		if (part === '..') {
			if (parts.pop() === undefined) {
				return undefined;
			}
		} else if (part !== '' && part !== '.') {
			parts.push(part);
		}
	}

	return parts.join('/');
}
