/**
Writing a tar as pieces, in the order given, with nothing in it that depends on when or where it was written.
*/
import {blockBytes, encodeHeader, paddedSize} from './tar-header.js';

export type TarPart =
	| {readonly kind: 'directory'; readonly name: string}
	| {readonly kind: 'bytes'; readonly name: string; readonly data: Buffer}
	/** `read` must give exactly `sizeBytes`. */
	| {readonly kind: 'stream'; readonly name: string; readonly sizeBytes: number; readonly read: () => AsyncIterable<Buffer>};

/** The archive's bytes, ending with two empty blocks. */
export async function* writeTar(parts: Iterable<TarPart>): AsyncGenerator<Buffer> {
	for (const part of parts) {
		switch (part.kind) {
			case 'directory': {
				yield encodeHeader({name: `${part.name}/`, sizeBytes: 0, directory: true});
				break;
			}

			case 'bytes': {
				yield Buffer.concat([encodeHeader({name: part.name, sizeBytes: part.data.length}), part.data, padding(part.data.length)]);
				break;
			}

			case 'stream': {
				yield encodeHeader({name: part.name, sizeBytes: part.sizeBytes});
				yield* part.read();
				if (part.sizeBytes % blockBytes !== 0) {
					yield padding(part.sizeBytes);
				}

				break;
			}
		}
	}

	yield Buffer.alloc(2 * blockBytes);
}

function padding(sizeBytes: number): Buffer {
	return Buffer.alloc(paddedSize(sizeBytes) - sizeBytes);
}
