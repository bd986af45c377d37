/** Creating, as run and create do it: the image must be here, the id file must not. */
import fs from 'node:fs';
import path from 'node:path';
import type {ContainerCreateOptions, Engine} from '../../engine/index.js';
import {CommandError, type CommandContext} from './context.js';
import {createOptions, type CreateRequest} from './create-options.js';
import {isEngineError} from './report-error.js';

/** Prints the engine's warnings. */
export async function createContainer(context: CommandContext, engine: Engine, request: CreateRequest): Promise<{id: string; options: ContainerCreateOptions}> {
	const {cidfile} = request.options;
	const file = cidfile === undefined ? undefined : path.resolve(context.directory, cidfile);
	if (file !== undefined && fs.existsSync(file)) {
		throw new CommandError(`container ID file found, make sure the other container isn't running or delete ${cidfile!}`, {exitCode: 125});
	}

	const options = createOptions(request, context);
	if (request.options.pull === 'always') {
		throw new CommandError(`can't fetch ${request.image}: tug has no registry client yet`, {hint: 'Load an archive (tug load -i FILE) or import a root file system (tug import FILE NAME), and leave out --pull.'});
	}

	const created = await create(engine, options, request.options.pull === 'never');
	for (const warning of created.Warnings) {
		context.errors.write(`WARNING: ${warning}\n`);
	}

	if (file !== undefined) {
		fs.writeFileSync(file, created.Id, {mode: 0o666});
	}

	return {id: created.Id, options};
}

async function create(engine: Engine, options: ContainerCreateOptions, neverPull: boolean): Promise<{readonly Id: string; readonly Warnings: readonly string[]}> {
	try {
		return await engine.createContainer(options);
	} catch (error) {
		if (!isEngineError(error) || error.kind !== 'notFound' || neverPull || !error.message.toLowerCase().includes('image')) {
			throw error;
		}

		const image = options.Image!;
		const hasTag = image.includes('@') || image.lastIndexOf(':') > image.lastIndexOf('/');
		throw new CommandError(`Unable to find image '${hasTag ? image : `${image}:latest`}' locally`, {
			cause: error,
			hint: 'There is no registry client yet: load an archive (tug load -i FILE), import a root file system (tug import FILE NAME), or try the demo (tug demo).',
		});
	}
}
