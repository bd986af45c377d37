/** Docker's JSON → what the lists hold. Every text becomes safe to show here. */
import type {ContainerInfo, ContainerStatus, ImageInfo} from '../../engine/index.js';
import {safeText} from '../presentation/safe-text.js';
import type {Container, Health, Image} from '../state/app-state.js';

export function toContainer(info: ContainerInfo, nowMs: number): Container {
	const status = info.Status ?? '';
	const exit = /^Exited \((\d+)\)/.exec(status)?.[1];
	const age = ageOf(status);
	return {
		id: info.Id,
		name: safeText((info.Names?.[0] ?? info.Id.slice(0, 12)).replace(/^\//, '')),
		image: safeText(shortImage(info.Image)),
		imageId: info.ImageID,
		command: safeText(info.Command ?? ''),
		state: info.State as ContainerStatus,
		exitCode: exit === undefined ? undefined : Number(exit),
		health: healthOf(status),
		ports: portsOf(info.Ports ?? []),
		createdMs: info.Created * 1000,
		sinceMs: age === undefined ? undefined : nowMs - age,
	};
}

/** A row for every tag. */
export function toImages(info: ImageInfo): Image[] {
	const tags = (info.RepoTags ?? []).filter(tag => tag !== '<none>:<none>');
	const names = tags.length > 0 ? tags : [`<none> ${info.Id.replace('sha256:', '').slice(0, 12)}`];
	return names.map(name => ({id: info.Id, name: safeText(shortImage(name)), otherTags: names.length - 1, sizeBytes: info.Size, createdMs: info.Created * 1000}));
}

// The registry everybody means is left out, and a bare id is cut to what people type.
function shortImage(name: string): string {
	return /^(sha256:)?[\da-f]{64}$/.test(name) ? name.replace('sha256:', '').slice(0, 12) : name.replace(/^docker\.io\/(library\/)?/, '');
}

function healthOf(status: string): Health | undefined {
	const word = /\((healthy|unhealthy|health: starting)\)/.exec(status)?.[1];
	return word === 'health: starting' ? 'starting' : (word as Health | undefined);
}

const unitsMs: Readonly<Record<string, number>> = {
	second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000, year: 365 * 86_400_000,
};

/** `Up 3 minutes`, `Exited (0) About an hour ago` → milliseconds: the least that the words allow. */
export function ageOf(status: string): number | undefined {
	const text = status.replace(/^Exited \(\d+\) /, '');
	if (/less than a second/i.test(text)) {
		return 0;
	}

	const match = /(\d+|an?) (second|minute|hour|day|week|month|year)s?/i.exec(text);
	if (match === null) {
		return undefined;
	}

	const count = /^an?$/i.test(match[1]!) ? 1 : Number(match[1]);
	return count * (unitsMs[match[2]!.toLowerCase()] ?? 0);
}

type Ports = ContainerInfo['Ports'];

function portsOf(ports: Ports): string {
	const shown = ports.filter(({PublicPort}) => PublicPort !== undefined && PublicPort > 0).map(({PublicPort, PrivatePort, Type}) => `${PublicPort}→${PrivatePort}${Type === 'tcp' || Type === undefined ? '' : `/${Type}`}`);
	return [...new Set(shown)].join(' ');
}
