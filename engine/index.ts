/** The only door of the engine. */
export {EngineError, isEngineError} from './errors.js';
export type {ErrorKind} from './errors.js';
export type * from './engine.js';
export {createEngine} from './embedded.js';
export type {EngineOptions} from './local-store.js';
export {demoReference, loadDemoImage, startDemo} from './demo/index.js';
export type {DemoOptions} from './demo/index.js';
