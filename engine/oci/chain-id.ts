/**
Chain ids (OCI image-spec config.md, Layer ChainID): names of stacks of layers. Nothing is stored under them; docker shows them when an image is removed.
*/
import {createHash} from 'node:crypto';
import type {DiffId} from './digest.js';

export type ChainId = string & {readonly __brand: 'ChainId'};

/** One chain id for each layer, base first. */
export function chainIds(diffIds: readonly DiffId[]): readonly ChainId[] {
	const chain: ChainId[] = [];
	for (const diffId of diffIds) {
		const below = chain.at(-1);
		chain.push((below === undefined ? diffId : `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`) as ChainId);
	}

	return chain;
}
