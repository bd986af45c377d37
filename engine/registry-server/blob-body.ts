/** An open blob, or a part of it, as the body of a reply. */
import type {OpenBlob} from './content.js';
import type {StreamBody} from './message.js';

/** Closes the blob at the end. */
export function blobBody(blob: OpenBlob, part?: {readonly from: number; readonly length: number}): StreamBody {
	const {from, length} = part ?? {from: 0, length: blob.sizeBytes};
	return {
		sizeBytes: length,
		async* read() {
			try {
				yield* blob.read(from, length);
			} finally {
				blob.close();
			}
		},
		close() {
			blob.close();
		},
	};
}
