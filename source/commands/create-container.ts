/** Creating, as run and create do it: the image is fetched when it is not here, the id file must not be there. */
import fs from 'node:fs';
import path from 'node:path';
import type {ContainerCreateOptions, Engine} from '../../engine/index.js';
import {CommandError, type CommandContext} from './context.js';
import {createOptions, type CreateRequest} from './create-options.js';
import {isEngineError} from './report-error.js';

/** Prints the engine's warnings. */
export async function createContainer(context: CommandContext, engine: Engine, request: CreateRequest): Promise<{id: string; options: ContainerCreateOptions}> {
	const {cidfile, pull} = request.options;
	const file = cidfile === undefined ? undefined : path.resolve(context.directory, cidfile);
	if (file !== undefined) {
		checkIdFile(file, cidfile!);
	}

	const options = createOptions(request, context);
	if (pull === 'always') {
		await pullImage(context, engine, request);
	}

	const created = await create(engine, options, pull === 'always' || pull === 'never' ? undefined : async () => {
		if (!request.options.quiet) {
			context.errors.write(`Unable to find image '${taggedName(request.image)}' locally\n`);
		}

		await pullImage(context, engine, request);
	});
	for (const warning of created.Warnings) {
		context.errors.write(`WARNING: ${warning}\n`);
	}

	if (file !== undefined) {
		fs.writeFileSync(file, created.Id, {mode: 0o666});
	}

	return {id: created.Id, options};
}

// Before anything is made: a container whose id nobody got would stay.
function checkIdFile(file: string, named: string): void {
	if (fs.existsSync(file)) {
		throw new CommandError(`container ID file found, make sure the other container isn't running or delete ${named}`, {exitCode: 125});
	}

	if (!fs.existsSync(path.dirname(file))) {
		throw new CommandError(`failed to create the container ID file: open ${named}: no such file or directory`, {exitCode: 125});
	}
}

async function create(engine: Engine, options: ContainerCreateOptions, fetchImage: (() => Promise<void>) | undefined): Promise<{readonly Id: string; readonly Warnings: readonly string[]}> {
	try {
		return await engine.createContainer(options);
	} catch (error) {
		if (fetchImage === undefined || !isEngineError(error) || error.kind !== 'notFound' || !error.message.toLowerCase().includes('image')) {
			throw error;
		}
	}

	await fetchImage();
	return engine.createContainer(options);
}

/** The progress goes where it does not mix with the container's output. */
async function pullImage(context: CommandContext, engine: Engine, {image, options}: CreateRequest): Promise<void> {
	const {showProgress} = await import('./show-progress.js');
	const signal = context.interrupted();
	await showProgress(context.errors, engine.pullImage(taggedName(image), {...(options.platform === undefined ? {} : {platform: options.platform}), signal}), {quiet: options.quiet});
	if (signal.aborted) {
		throw new CommandError('context canceled');
	}
}

function taggedName(image: string): string {
	return image.includes('@') || image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;
}
