import path from 'node:path';
import {fileURLToPath} from 'node:url';

/** Compiled, this file is build/test/helpers/repository-root.js. */
export const repositoryRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
