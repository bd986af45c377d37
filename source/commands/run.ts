import type {Engine, TerminalSize} from '../../engine/index.js';
import {runOptions} from '../arguments/container-options.js';
import type {OptionValues} from '../arguments/option.js';
import {CommandError, defineCommand, type CommandContext} from './context.js';
import {createContainer} from './create-container.js';
import {attachedStreams} from './create-options.js';
import {isEngineError} from './report-error.js';

type RunValues = OptionValues<typeof runOptions>;

export const command = defineCommand({
	name: 'run',
	usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
	summary: 'Create a container from an image and run it',
	options: runOptions,
	arguments: {min: 1},
	interspersed: false,
	completes: ['image', 'command'],
	examples: [
		['tug run --rm -it busybox', 'a shell that leaves nothing behind'],
		['tug run -d --name web -v ./site:/www busybox httpd -f -h /www', 'in the background'],
		['tug run --rm -i busybox wc -l < list.txt', 'as part of a pipe'],
	],
	async run(context, {options, given, arguments: [image, ...words]}) {
		if (options.detach && options.attach.length > 0) {
			throw new CommandError('conflicting options: cannot specify both --attach and --detach', {exitCode: 125});
		}

		const streams = attachedStreams(options);
		const foreground = options.detach ? undefined : await import('./foreground-session.js');
		foreground?.requireTerminal(context, {tty: options.tty, stdin: streams.stdin}, 1);
		const detachKeys = foreground?.detachKeysOption(options['detach-keys'], 125);
		const engine = await context.engine();
		const {id} = await createContainer(context, engine, {options: options.detach ? {...options, attach: []} : options, given, image: image!, command: words});
		context.debug(`created ${id}`);
		if (foreground === undefined) {
			await start(engine, id, options);
			context.output.write(`${id}\n`);
			return 0;
		}

		const size = options.tty ? await terminalSizeOf(context) : undefined;
		const attachment = await cleaned(engine, id, options, async () => engine.attach(id, {...streams, ...(size === undefined ? {} : {size})}));
		const exitCode = await foreground.runForeground(context, {
			attachment,
			wantsInput: streams.stdin,
			detachKeys: detachKeys!,
			sendSignal: options['sig-proxy'] ? foreground.signalSender(engine, id) : undefined,
			begin: async () => start(engine, id, options),
		});
		const isOver = (await attachment.done).reason === 'exited';
		if (options.rm && isOver) {
			await removed(engine, id);
		}

		return exitCode;
	},
});

export async function terminalSizeOf(context: CommandContext): Promise<TerminalSize | undefined> {
	if (!context.output.isTerminal) {
		return undefined;
	}

	const {terminalSize} = await import('../foreground/terminal-mode.js');
	return terminalSize();
}

async function start(engine: Engine, id: string, options: RunValues): Promise<void> {
	await cleaned(engine, id, options, async () => engine.startContainer(id));
}

/** A container that was to remove itself and never ran is removed here. */
async function cleaned<T>(engine: Engine, id: string, {rm}: RunValues, action: () => Promise<T>): Promise<T> {
	try {
		return await action();
	} catch (error) {
		if (rm) {
			await engine.removeContainer(id, {force: true, volumes: true}).catch(() => {});
		}

		throw error;
	}
}

async function removed(engine: Engine, id: string): Promise<void> {
	try {
		await engine.waitContainer(id, {condition: 'removed'});
	} catch (error) {
		if (!isEngineError(error) || error.kind !== 'notFound') {
			throw error;
		}
	}
}
