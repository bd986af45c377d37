import type {Engine} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {CommandError, defineCommand, type CommandContext} from './context.js';
import {reportFailure} from './report-error.js';
import {terminalSizeOf} from './run.js';

export const command = defineCommand({
	name: 'start',
	usage: '[OPTIONS] CONTAINER [CONTAINER...]',
	summary: 'Start stopped containers',
	options: {
		attach: bool('a', 'Attach its output, and pass signals on'),
		checkpoint: string('', 'Start from a checkpoint', {later: 'checkpoints need CRIU'}),
		'checkpoint-dir': string('', 'Where checkpoints are', {later: 'checkpoints need CRIU'}),
		'detach-keys': string('', 'The keys that detach (default ctrl-p,ctrl-q)'),
		interactive: bool('i', 'Attach its input'),
	},
	arguments: {min: 1},
	completes: ['stopped'],
	examples: [['tug start -ai work', 'go on in a shell that was left']],
	async run(context, {options, arguments: names}) {
		const engine = await context.engine();
		if (options.attach || options.interactive) {
			if (names.length > 1) {
				throw new CommandError('you cannot start and attach multiple containers at once');
			}

			return startAttached(context, engine, names[0]!, options);
		}

		const failed: string[] = [];
		for (const name of names) {
			try {
				await engine.startContainer(name);
				context.output.write(`${name}\n`);
			} catch (error) {
				reportFailure(context.errors, error, context.global.debug);
				failed.push(name);
			}
		}

		if (failed.length > 0) {
			context.errors.write(`tug: failed to start containers: ${failed.join(', ')}\n`);
		}

		return failed.length > 0 ? 1 : 0;
	},
});

async function startAttached(context: CommandContext, engine: Engine, name: string, options: {readonly interactive: boolean; readonly 'detach-keys': string | undefined}): Promise<number> {
	const {detachKeysOption, requireTerminal, runForeground, signalSender} = await import('../commands/foreground-session.js');
	const {Id: id, Config: config, HostConfig: hostConfig} = await engine.inspectContainer(name);
	const wantsInput = options.interactive && config.OpenStdin;
	requireTerminal(context, {tty: config.Tty, stdin: wantsInput});
	const detachKeys = detachKeysOption(options['detach-keys']);
	const size = config.Tty ? await terminalSizeOf(context) : undefined;
	const attachment = await engine.attach(id, {stdin: wantsInput, stdout: true, stderr: true, ...(size === undefined ? {} : {size})});
	const exitCode = await runForeground(context, {
		attachment,
		wantsInput,
		detachKeys,
		sendSignal: config.Tty ? undefined : signalSender(engine, id),
		async begin() {
			await engine.startContainer(id);
		},
	});
	if (hostConfig.AutoRemove && (await attachment.done).reason === 'exited') {
		await engine.waitContainer(id, {condition: 'removed'}).catch(() => {});
	}

	return exitCode;
}
