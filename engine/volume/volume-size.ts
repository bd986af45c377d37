/**
How much a volume holds.
*/
import {runNative, type NativeReport} from '../runtime/native-program.js';
import type {Store} from '../store/open-store.js';
import {volumeData} from './volume-store.js';

/** Bytes of file contents, each file with several names counted once; 0 when that can't be found out. */
export async function volumeBytes(store: Store, name: string): Promise<number> {
	if (store.native === undefined) {
		return 0;
	}

	const report: NativeReport = await runNative(store.native, 'du', [volumeData(store, name)]).catch(() => ({}));
	return typeof report['apparentBytes'] === 'number' ? report['apparentBytes'] : 0;
}
