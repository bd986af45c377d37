import {bool, list, string} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {environment} from './create-options.js';
import {detachKeysOption, requireTerminal, runForeground} from './foreground-session.js';
import {terminalSizeOf} from './run.js';

export const command = defineCommand({
	name: 'exec',
	usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
	summary: 'Run a command in a running container',
	options: {
		detach: bool('d', 'Run it in the background'),
		'detach-keys': string('', 'The keys that detach (default ctrl-p,ctrl-q)'),
		env: list('e', 'Set an environment variable'),
		'env-file': list('', 'Read environment variables from a file', {completes: 'file'}),
		interactive: bool('i', 'Keep its standard input open'),
		privileged: bool('', 'Give it all capabilities'),
		tty: bool('t', 'Give it a terminal'),
		user: string('u', 'The user (name|uid[:group|gid])'),
		workdir: string('w', 'The directory it starts in'),
	},
	arguments: {min: 2},
	interspersed: false,
	completes: ['running', 'command'],
	examples: [['tug exec -it web sh', 'a shell beside the program'], ['tug exec -u nobody web id', 'as another user']],
	async run(context, {options, arguments: [name, ...words]}) {
		if (!options.detach) {
			requireTerminal(context, {tty: options.tty, stdin: options.interactive});
		}

		const detachKeys = detachKeysOption(options['detach-keys']);
		const variables = environment(options, context);
		const engine = await context.engine();
		const {Id: id} = await engine.createExec(name!, {
			AttachStdin: options.interactive && !options.detach,
			AttachStdout: !options.detach,
			AttachStderr: !options.detach,
			Tty: options.tty,
			Cmd: words,
			Privileged: options.privileged,
			...(variables === undefined ? {} : {Env: variables}),
			...(options.user === undefined ? {} : {User: options.user}),
			...(options.workdir === undefined ? {} : {WorkingDir: options.workdir}),
		});
		if (options.detach) {
			await engine.startExec(id, {detach: true, tty: options.tty});
			return 0;
		}

		const size = options.tty ? await terminalSizeOf(context) : undefined;
		const attachment = await engine.startExec(id, {tty: options.tty, stdin: options.interactive, ...(size === undefined ? {} : {size})});
		return attachment === undefined ? 0 : runForeground(context, {attachment, wantsInput: options.interactive, detachKeys});
	},
});
