export {loadDemoImage, startDemo} from './start-demo.js';
export type {DemoOptions} from './start-demo.js';
export {demoReference} from './demo-image.js';
