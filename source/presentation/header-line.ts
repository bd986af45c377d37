import type {EngineSummary, RegistryState} from '../state/app-state.js';
import type {StateCounts} from '../state/selectors.js';
import {lineWidth, spread, type Line, type Span} from './line.js';

export type HeaderFacts = {readonly engine: EngineSummary; readonly registry?: RegistryState; readonly counts: StateCounts | undefined; readonly images: number | undefined};

/** Whose containers these are, and how many of each kind. Parts go one by one when the terminal is narrow. */
export function headerLine({engine, registry, counts, images}: HeaderFacts, width: number): Line {
	const brand: Line = [{text: ' tug ', tone: 'header.brand'}, {text: ` ${engine.label}`, tone: 'header'}];
	const version: Line = engine.version === '' ? [] : [{text: `  ${engine.version}`, tone: 'text.muted'}];
	const served: Line = registry?.status === 'on' ? [{text: `  registry ${registry.url.replace('http://', '')}`, tone: 'message.good'}] : [];
	const warnings: Span[] = engine.warnings.length === 0 ? [] : [{text: `! ${engine.warnings.length} ${engine.warnings.length === 1 ? 'notice' : 'notices'} `, tone: 'message.warning'}];
	const facts: Span[] = counts === undefined ? [] : [
		{text: `● ${counts.running} running `, tone: 'state.running'},
		...(counts.paused === 0 ? [] : [{text: ` ‖ ${counts.paused} paused `, tone: 'state.paused'} as const]),
		{text: ` ○ ${counts.stopped} stopped `, tone: 'state.exited'},
	];
	const imageFact: Span[] = images === undefined ? [] : [{text: ` ${images} ${images === 1 ? 'image' : 'images'} `, tone: 'header'}];
	const choices: ReadonlyArray<readonly [Line, Line]> = [
		[[...brand, ...version, ...served], [...warnings, {text: ' '}, ...facts, ...imageFact]],
		[[...brand, ...served], [...warnings, {text: ' '}, ...facts, ...imageFact]],
		[brand, [...warnings, {text: ' '}, ...facts]],
		[brand, facts],
		[brand, facts.slice(0, 1)],
	];
	const [left, right] = choices.find(([left, right]) => lineWidth(left) + lineWidth(right) + 2 <= width) ?? [brand, []];
	return spread(left, right, width);
}
