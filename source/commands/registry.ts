/** All verbs: what they are called, and the module each is in, loaded when it is used. */
import type {Command} from './context.js';

export type Entry = {
	readonly name: string;
	/** The longer or other names docker has for it. */
	readonly aliases?: readonly string[];
	readonly group: Group;
	readonly load: () => Promise<Command>;
};

export type Group = 'common' | 'container' | 'image' | 'volume' | 'system';

export const groupTitles: Readonly<Record<Group, string>> = {common: 'Common commands', container: 'Containers', image: 'Images', volume: 'Volumes', system: 'The rest'};

/** Words that come before another one: `tug container ls`. */
export const families: Readonly<Record<string, string>> = {container: 'Manage containers', image: 'Manage images', manifest: 'Manage lists of images for several platforms', registry: 'Be a registry', system: 'Manage tug', volume: 'Manage volumes'};

export const entries: readonly Entry[] = [
	{name: 'run', aliases: ['container run'], group: 'common', load: async () => (await import('./run.js')).command},
	{name: 'exec', aliases: ['container exec'], group: 'common', load: async () => (await import('./exec.js')).command},
	{name: 'ps', aliases: ['container ls', 'container list', 'container ps'], group: 'common', load: async () => (await import('./ps.js')).command},
	{name: 'logs', aliases: ['container logs'], group: 'common', load: async () => (await import('./logs.js')).command},
	{name: 'images', aliases: ['image ls', 'image list'], group: 'common', load: async () => (await import('./images.js')).command},
	{name: 'pull', aliases: ['image pull'], group: 'common', load: async () => (await import('./pull.js')).command},
	{name: 'push', aliases: ['image push'], group: 'common', load: async () => (await import('./push.js')).command},
	{name: 'load', aliases: ['image load'], group: 'common', load: async () => (await import('./load.js')).command},
	{name: 'demo', group: 'common', load: async () => (await import('./demo.js')).command},
	{name: 'attach', aliases: ['container attach'], group: 'container', load: async () => (await import('./attach.js')).command},
	{name: 'commit', aliases: ['container commit'], group: 'container', load: async () => (await import('./commit.js')).command},
	{name: 'container inspect', group: 'container', load: async () => (await import('./inspect.js')).containerInspect},
	{name: 'container prune', group: 'container', load: async () => (await import('./container-prune.js')).command},
	{name: 'cp', aliases: ['container cp'], group: 'container', load: async () => (await import('./cp.js')).command},
	{name: 'create', aliases: ['container create'], group: 'container', load: async () => (await import('./create.js')).command},
	{name: 'diff', aliases: ['container diff'], group: 'container', load: async () => (await import('./diff.js')).command},
	{name: 'export', aliases: ['container export'], group: 'container', load: async () => (await import('./export.js')).command},
	{name: 'kill', aliases: ['container kill'], group: 'container', load: async () => (await import('./kill.js')).command},
	{name: 'pause', aliases: ['container pause'], group: 'container', load: async () => (await import('./pause.js')).command},
	{name: 'port', aliases: ['container port'], group: 'container', load: async () => (await import('./port.js')).command},
	{name: 'rename', aliases: ['container rename'], group: 'container', load: async () => (await import('./rename.js')).command},
	{name: 'restart', aliases: ['container restart'], group: 'container', load: async () => (await import('./restart.js')).command},
	{name: 'rm', aliases: ['container rm', 'container remove'], group: 'container', load: async () => (await import('./rm.js')).command},
	{name: 'start', aliases: ['container start'], group: 'container', load: async () => (await import('./start.js')).command},
	{name: 'stats', aliases: ['container stats'], group: 'container', load: async () => (await import('./stats.js')).command},
	{name: 'stop', aliases: ['container stop'], group: 'container', load: async () => (await import('./stop.js')).command},
	{name: 'top', aliases: ['container top'], group: 'container', load: async () => (await import('./top.js')).command},
	{name: 'unpause', aliases: ['container unpause'], group: 'container', load: async () => (await import('./unpause.js')).command},
	{name: 'wait', aliases: ['container wait'], group: 'container', load: async () => (await import('./wait.js')).command},
	{name: 'history', aliases: ['image history'], group: 'image', load: async () => (await import('./history.js')).command},
	{name: 'image inspect', group: 'image', load: async () => (await import('./inspect.js')).imageInspect},
	{name: 'image prune', group: 'image', load: async () => (await import('./image-prune.js')).command},
	{name: 'import', aliases: ['image import'], group: 'image', load: async () => (await import('./import.js')).command},
	{name: 'rmi', aliases: ['image rm', 'image remove'], group: 'image', load: async () => (await import('./rmi.js')).command},
	{name: 'save', aliases: ['image save'], group: 'image', load: async () => (await import('./save.js')).command},
	{name: 'tag', aliases: ['image tag'], group: 'image', load: async () => (await import('./tag.js')).command},
	{name: 'manifest annotate', group: 'image', load: async () => (await import('./manifest.js')).manifestAnnotate},
	{name: 'manifest create', group: 'image', load: async () => (await import('./manifest.js')).manifestCreate},
	{name: 'manifest inspect', group: 'image', load: async () => (await import('./manifest.js')).manifestInspect},
	{name: 'manifest push', group: 'image', load: async () => (await import('./manifest.js')).manifestPush},
	{name: 'manifest rm', group: 'image', load: async () => (await import('./manifest.js')).manifestRm},
	{name: 'search', group: 'image', load: async () => (await import('./search.js')).command},
	{name: 'completion', group: 'system', load: async () => (await import('./completion.js')).command},
	{name: 'events', aliases: ['system events'], group: 'system', load: async () => (await import('./events.js')).command},
	{name: 'info', aliases: ['system info'], group: 'system', load: async () => (await import('./info.js')).command},
	{name: 'inspect', group: 'system', load: async () => (await import('./inspect.js')).command},
	{name: 'registry serve', group: 'system', load: async () => (await import('./registry-serve.js')).command},
	{name: 'login', group: 'system', load: async () => (await import('./login.js')).command},
	{name: 'logout', group: 'system', load: async () => (await import('./logout.js')).command},
	{name: 'system df', group: 'system', load: async () => (await import('./system-df.js')).command},
	{name: 'volume create', group: 'volume', load: async () => (await import('./volume-create.js')).command},
	{name: 'volume export', group: 'volume', load: async () => (await import('./volume-export.js')).command},
	{name: 'volume import', group: 'volume', load: async () => (await import('./volume-import.js')).command},
	{name: 'volume inspect', group: 'volume', load: async () => (await import('./inspect.js')).volumeInspect},
	{name: 'volume ls', aliases: ['volume list'], group: 'volume', load: async () => (await import('./volume-ls.js')).command},
	{name: 'volume prune', group: 'volume', load: async () => (await import('./volume-prune.js')).command},
	{name: 'volume rm', aliases: ['volume remove'], group: 'volume', load: async () => (await import('./volume-rm.js')).command},
	{name: 'version', group: 'system', load: async () => (await import('./version.js')).command},
];

/** docker's verbs that tug has not got yet, and what brings them. */
export const laterCommands: Readonly<Record<string, string>> = {
	build: 'building images',
	compose: 'compose files',
	network: 'networks',
	serve: 'the Docker API server',
	update: 'changing limits of a running container',
	'container update': 'changing limits of a running container',
	'image build': 'building images',
	'system prune': 'networks and the build cache',
};

export type Found = {readonly entry: Entry; readonly rest: readonly string[]};

/** The verb the words begin with. */
export function findCommand(words: readonly string[]): Found | undefined {
	const [first, second] = words;
	if (first === undefined) {
		return undefined;
	}

	const isFamily = Object.hasOwn(families, first);
	if (isFamily && second === undefined) {
		return undefined;
	}

	const name = isFamily ? `${first} ${second!}` : first;
	const entry = entries.find(candidate => candidate.name === name || candidate.aliases?.includes(name));
	return entry === undefined ? undefined : {entry, rest: words.slice(isFamily ? 2 : 1)};
}

/** Every name that can be typed, aliases too. */
export function commandNames(): string[] {
	return entries.flatMap(entry => [entry.name, ...(entry.aliases ?? [])]);
}
